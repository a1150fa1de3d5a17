"use strict";
(() => {
  const reports = JSON.parse(document.getElementById("data").textContent);
  const families = { U: "usage", L: "limits", E: "errors", F: "stream framing", H: "headers and lifecycle", M: "metrics",
    R: "responses", A: "Anthropic messages", C: "clients" };
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
  const serverName = (report) => `${report.facts.identity.rust_frontend_version ? "Rust frontend " : ""}${report.facts.identity.version || "unknown version"}`;
  const reasonOf = (item) => item.issue || item.reason || "";

  const cases = new Map();
  reports.forEach((report, column) => report.cases.forEach((item) => {
    if (!cases.has(item.id)) cases.set(item.id, { id: item.id, title: item.title, level: item.level, cells: [] });
    cases.get(item.id).cells[column] = item;
  }));
  const textOf = (row) => row.text ||= [row.id, row.title, ...row.cells.filter(Boolean).map((item) => JSON.stringify(item))].join(" ").toLowerCase();

  const verdicts = [...new Set([...cases.values()].flatMap((row) => row.cells.filter(Boolean).map((item) => item.verdict)))].sort();
  const shown = new Set(verdicts);
  for (const verdict of verdicts) {
    const box = make("input", { type: "checkbox", checked: "" });
    box.addEventListener("change", () => { box.checked ? shown.add(verdict) : shown.delete(verdict); draw(); });
    $("verdicts").append(make("label", {}, box, " " + verdict));
  }
  $("search").addEventListener("input", () => draw());

  const counts = reports.map((report) => {
    const parts = Object.entries(report.counts).filter(([, count]) => count).map(([name, count]) => `${count} ${name.replace("_", "-")}`);
    return `${serverName(report)} (${report.target}, held to ${report.detection.profile}): ${parts.join(", ")}${report.ended_early ? "; ended early " + report.ended_early : ""}`;
  });
  $("summary").append(...counts.flatMap((line) => [line, make("br")]));
  $("matrix").tHead.append(make("tr", {}, make("th", {}, "case"), make("th", {}, "what holds"),
    ...reports.map((report) => make("th", {}, serverName(report)))));

  let pressed = null;
  const draw = () => {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const body = $("matrix").tBodies[0];
    body.replaceChildren();
    let family = "";
    for (const row of cases.values()) {
      const visible = row.cells.some((item) => item && shown.has(item.verdict)) && words.every((word) => textOf(row).includes(word));
      if (!visible) continue;
      const of = row.id.split("-")[0];
      if (of !== family) {
        family = of;
        body.append(make("tr", { class: "family" }, make("th", { colspan: String(2 + reports.length) }, families[of] || of)));
      }
      const cells = reports.map((report, column) => {
        const item = row.cells[column];
        if (!item) return make("td", {}, "–");
        const button = make("button", { class: `cell ${item.verdict}`, title: reasonOf(item), "data-case": row.id, "data-column": String(column),
          onclick: () => open(report, item, button) }, item.verdict);
        return make("td", {}, button);
      });
      body.append(make("tr", {}, make("td", { class: "id" }, row.id), make("td", { class: "title" }, `${row.title} [${row.level}]`), ...cells));
    }
  };

  const pretty = (text) => { try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; } };
  const exchange = (item, index) => {
    const { request, response } = item;
    const sent = [`${request.method} ${request.path}`, ...request.headers.map(([name, value]) => `${name}: ${value}`)];
    if (request.body !== null) sent.push("", typeof request.body === "string" ? request.body : JSON.stringify(request.body, null, 2));
    const got = response === null ? ["no answer"] : [`HTTP ${response.status}`, ...response.headers.map(([name, value]) => `${name}: ${value}`), "",
      pretty(response.body) + (response.body.length < response.body_bytes ? `\n… ${response.body_bytes} bytes in all` : ""),
      ...(response.end.kind === "complete" ? [] : [`(ended: ${response.end.kind} ${response.end.error || ""})`])];
    return make("section", { class: "exchange" }, make("h3", {}, `Request ${index + 1}`), make("pre", { class: "request" }, sent.join("\n")),
      make("pre", { class: "response" }, got.join("\n")));
  };
  const open = (report, item, button) => {
    if (pressed) pressed.setAttribute("aria-pressed", "false");
    pressed = button;
    button.setAttribute("aria-pressed", "true");
    const facts = { verdict: `${item.verdict} ${reasonOf(item)}`, server: `${serverName(report)}, ${report.target}`, level: item.level, sends: item.sends,
      expects: item.expects, reference: item.reference };
    const detail = $("detail");
    detail.hidden = false;
    detail.replaceChildren(
      make("button", { class: "close", onclick: () => { detail.hidden = true; button.focus(); } }, "close"),
      make("h2", {}, `${item.id} ${item.title}`),
      make("dl", {}, ...Object.entries(facts).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])),
      make("h3", {}, "What was looked at"),
      make("ul", { class: "findings" }, ...item.findings.map((finding) =>
        make("li", {}, `${finding.verdict} ${finding.about}: expected ${finding.expected}, saw ${finding.seen} ${reasonOf(finding)}`))),
      ...item.exchanges.map(exchange));
    detail.focus();
  };
  draw();
})();
