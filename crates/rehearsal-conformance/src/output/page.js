"use strict";
(() => {
  const reports = JSON.parse(document.getElementById("data").textContent);
  const families = { U: "usage", L: "limits", E: "errors", F: "stream framing", H: "headers and lifecycle", M: "metrics",
    R: "responses", A: "Anthropic messages", C: "clients" };
  // gravest first, as they are looked for
  const gravity = ["FAIL", "NON-STRICT", "KNOWN-BUG", "FIXED-BUG", "INCONCLUSIVE", "PASS", "UNIMPLEMENTED", "SKIPPED"];
  const $ = (id) => document.getElementById(id);
  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "onclick") node.addEventListener("click", value);
      else node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const reasonOf = (item) => item.issue || item.reason || "";
  const versionOf = ({ identity }) => `${identity.rust_frontend_version ? "Rust frontend " : ""}${identity.version || "unknown version"}`;
  const plainName = (report) => (report.client ? report.client.name : versionOf(report.facts));
  const names = reports.map((report, column) => {
    const name = plainName(report);
    const twins = reports.filter((other) => plainName(other) === name);
    return twins.length < 2 ? name : `${name} #${column + 1}`;
  });
  const clients = reports.every((report) => report.client);

  const cases = new Map();
  reports.forEach((report, column) => report.cases.forEach((item) => {
    if (!cases.has(item.id)) cases.set(item.id, { id: item.id, title: item.title, level: item.level, cells: [] });
    cases.get(item.id).cells[column] = item;
  }));
  const textOf = (row) => row.text ||= [row.id, row.title, ...row.cells.filter(Boolean).map((item) => JSON.stringify(item))].join(" ").toLowerCase();
  const differs = (row) => new Set(reports.map((report, column) => row.cells[column]?.verdict)).size > 1;

  const tally = {};
  for (const row of cases.values()) for (const item of row.cells) if (item) tally[item.verdict] = (tally[item.verdict] || 0) + 1;
  const shown = new Set(Object.keys(tally));
  for (const verdict of gravity.filter((verdict) => tally[verdict])) {
    const chip = make("button", { type: "button", class: verdict, "aria-pressed": "true", title: "show or hide", onclick: () => {
      shown.has(verdict) ? shown.delete(verdict) : shown.add(verdict);
      chip.setAttribute("aria-pressed", String(shown.has(verdict)));
      draw();
    } }, `${verdict} ${tally[verdict]}`);
    $("verdicts").append(chip);
  }
  $("search").addEventListener("input", () => draw());
  const differing = $("differing").querySelector("input");
  $("differing").hidden = reports.length < 2;
  differing.addEventListener("change", () => draw());

  const title = clients ? "What these clients report" : "What these servers do";
  document.querySelector("h1").textContent = title;
  document.title = `${names.join(", ")} · rehearsal check`;
  $("summary").append(...reports.map((report, column) => {
    const parts = Object.entries(report.counts).filter(([, count]) => count).map(([name, count]) => `${count} ${name.replace("_", "-")}`);
    const against = report.client ? report.client.command : `${report.target}, held to ${report.detection.profile}`;
    const when = report.recorded_at ? `, ${report.recorded_at.slice(0, 10)}` : "";
    return make("li", {}, make("b", {}, names[column]), ` (${against}${when}): ${parts.join(", ")}`,
      report.ended_early ? `; ended early ${report.ended_early}` : "");
  }));
  $("matrix").tHead.append(make("tr", {}, make("th", {}, "case"), make("th", {}, "what holds"), ...names.map((name) => make("th", {}, name))));

  let chosen = null;
  const cellOf = (id, column) => $("matrix").querySelector(`button.cell[data-case="${id}"][data-column="${column}"]`);
  const mark = () => {
    for (const cell of $("matrix").querySelectorAll("button.cell[aria-pressed=true]")) cell.setAttribute("aria-pressed", "false");
    if (chosen) cellOf(chosen.id, chosen.column)?.setAttribute("aria-pressed", "true");
  };
  const draw = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const body = $("matrix").tBodies[0];
    body.replaceChildren();
    let [family, count] = ["", 0];
    for (const row of cases.values()) {
      const visible = row.cells.some((item) => item && shown.has(item.verdict)) && words.every((word) => textOf(row).includes(word))
        && (!differing.checked || differs(row));
      if (!visible) continue;
      count += 1;
      const of = row.id.split("-")[0];
      if (of !== family) {
        family = of;
        body.append(make("tr", { class: "family" }, make("th", { colspan: String(2 + reports.length) }, families[of] || of)));
      }
      const cells = names.map((name, column) => {
        const item = row.cells[column];
        const labelled = names.length > 1 ? { "data-server": name } : {};
        if (!item) return make("td", { class: "none server", ...labelled }, "not run");
        return make("td", { class: "server", ...labelled }, make("button", { class: `cell verdict ${item.verdict}`, title: reasonOf(item),
          "aria-pressed": "false", "data-case": row.id, "data-column": String(column), onclick: () => open(row.id, column) }, item.verdict));
      });
      body.append(make("tr", {}, make("td", { class: "id" }, row.id),
        make("td", { class: "title" }, row.title, " ", make("span", { class: "level" }, row.level)), ...cells));
    }
    $("shown").textContent = `${count} of ${cases.size} cases`;
    mark();
  };

  const pretty = (text) => { try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; } };
  const exchange = (item, index, all) => {
    const { request, response } = item;
    const sent = [`${request.method} ${request.path}`, ...request.headers.map(([name, value]) => `${name}: ${value}`)];
    if (request.body !== null) sent.push("", typeof request.body === "string" ? request.body : JSON.stringify(request.body, null, 2));
    const got = response === null ? ["no answer"] : [`HTTP ${response.status}`, ...response.headers.map(([name, value]) => `${name}: ${value}`), "",
      pretty(response.body) + (response.body.length < response.body_bytes ? `\n… ${response.body_bytes} bytes in all` : ""),
      ...(response.end.kind === "complete" ? [] : [`(ended: ${response.end.kind} ${response.end.error || ""})`])];
    const line = `${index + 1} of ${all.length}: ${request.method} ${request.path}, ${response === null ? "no answer" : response.status}`;
    const opened = index === 0 ? { open: "" } : {};
    return make("details", { class: "exchange", ...opened }, make("summary", {}, line), make("pre", { class: "request" }, sent.join("\n")),
      make("pre", { class: "response" }, got.join("\n")));
  };
  const findings = (item) => make("table", { class: "findings" },
    make("thead", {}, make("tr", {}, ...["", "about", "expected", "seen"].map((head) => make("th", {}, head)))),
    make("tbody", {}, ...item.findings.map((finding) => make("tr", {},
      make("td", {}, make("span", { class: `verdict ${finding.verdict}` }, finding.verdict)),
      make("td", {}, finding.about), make("td", { "data-is": "expected" }, finding.expected),
      make("td", { "data-is": "seen" }, reasonOf(finding) ? `${finding.seen} (${reasonOf(finding)})` : finding.seen)))));
  const close = () => {
    const cell = chosen && cellOf(chosen.id, chosen.column);
    chosen = null;
    $("detail").hidden = true;
    mark();
    history.replaceState(null, "", location.pathname + location.search);
    cell?.focus();
  };
  const open = (id, column) => {
    const row = cases.get(id);
    const item = row?.cells[column];
    if (!item) return;
    chosen = { id, column };
    mark();
    history.replaceState(null, "", `#${id}/${column + 1}`);
    const facts = { verdict: `${item.verdict} ${reasonOf(item)}`, level: item.level, sends: item.sends, expects: item.expects, reference: item.reference };
    const others = names.length < 2 ? [] : names.map((name, other) => row.cells[other] && make("button",
      { type: "button", "aria-current": String(other === column), onclick: () => open(id, other) }, name));
    const detail = $("detail");
    detail.hidden = false;
    detail.replaceChildren(
      make("div", { class: "bar" }, ...others.filter(Boolean), make("button", { type: "button", class: "close", title: "Esc", onclick: close }, "close")),
      make("h2", {}, `${item.id} ${item.title}`),
      make("dl", {}, ...Object.entries(facts).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
    if (item.findings.length) detail.append(make("h3", {}, "What was looked at"), findings(item));
    if (item.exchanges.length) detail.append(make("h3", {}, "What was sent, and what came back"), ...item.exchanges.map(exchange));
    detail.scrollTop = 0;
    detail.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen) close();
  });
  // `#U-20/1`: a case and a column, to send to somebody
  const linked = () => {
    const [, id, column] = /^#([^/]+)\/(\d+)$/.exec(location.hash) || [];
    if (!id) return;
    open(id, Number(column) - 1);
    cellOf(id, Number(column) - 1)?.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", linked);
  draw();
  linked();
})();
