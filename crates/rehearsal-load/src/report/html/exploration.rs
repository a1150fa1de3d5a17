//! The page of a sweep or a search: what load costs in latency, and where the objectives end it.

use std::fmt::Write;

use super::{Axis, Chart, Ink, escape, page};
use crate::{
    metrics::{Distribution, SloMetric, seconds},
    report::Report,
    search::{Exploration, Knee, Probe, Slo, SloOutcome, Variable},
};

/// A latency as it is drawn: chart, name, and where a report has it.
type Drawn = (&'static str, &'static str, SloMetric, fn(&Report) -> &Option<Distribution>);

const DRAWN: [Drawn; 3] = [
    ("frontier-ttft", "time to first token", SloMetric::Ttft, |report| &report.latency.ttft_s),
    ("frontier-tpot", "time per output token", SloMetric::Tpot, |report| &report.latency.tpot_s),
    ("frontier-e2el", "latency", SloMetric::E2el, |report| &report.latency.e2el_s),
];

/// The page of several runs at several levels of load.
#[must_use]
pub fn exploration_to_html(exploration: &Exploration) -> String {
    let mut probes: Vec<&Probe> = exploration.probes.iter().collect();
    probes.sort_by(|a, b| a.level.total_cmp(&b.level));
    let plan = probes.first().map(|probe| &probe.report.plan);
    let title = plan.map_or_else(|| "no run".to_owned(), |plan| format!("{} at {}", plan.model, plan.url));
    let mut body = String::new();
    let charts: String = DRAWN
        .iter()
        .filter_map(|drawn| frontier(&probes, drawn))
        .chain(over_level(&probes, exploration.variable))
        .collect();
    if !charts.is_empty() {
        let _ = write!(body, "<div class=\"charts\">\n{charts}</div>\n");
    }
    body += &table(&probes, exploration.variable);
    page("Load levels", &title, &outcome(exploration), &body)
}

fn outcome(exploration: &Exploration) -> String {
    let name = variable(exploration.variable);
    match exploration.knee {
        None => format!("{} runs at several levels of {name}", exploration.probes.len()),
        Some(Knee::Found { highest_met, lowest_missed }) => {
            format!("the highest {name} that meets the objectives: {highest_met:.6}, missed at {lowest_missed:.6}")
        }
        Some(Knee::Unresolved { highest_met, lowest_missed, .. }) => {
            let level = |level: Option<f64>| level.map_or_else(|| "-".to_owned(), |level| format!("{level:.6}"));
            format!("unresolved: {name} met at {}, missed at {}", level(highest_met), level(lowest_missed))
        }
    }
}

/// The 95th percentile of a latency against the throughput that comes with it. Lower and further right is better.
fn frontier(probes: &[&Probe], (id, name, metric, of): &Drawn) -> Option<String> {
    let points: Vec<(&Probe, f64, f64)> = probes
        .iter()
        .filter_map(|probe| {
            let rate = probe.report.throughput.output_tokens_per_s?;
            Some((*probe, rate, 1000.0 * of(&probe.report).as_ref()?.p95.value))
        })
        .collect();
    let limits: Vec<(String, f64)> = limits(probes, *metric);
    let most_rate = points.iter().map(|(_, rate, _)| *rate).max_by(f64::total_cmp)?;
    let highest = points.iter().map(|(.., value)| *value).chain(limits.iter().map(|(_, limit)| *limit));
    let mut chart = Chart::new(
        Axis::linear("output tokens/s", 0.0, most_rate),
        Axis::linear("milliseconds, p95", 0.0, highest.max_by(f64::total_cmp)?),
    );
    for (_, limit) in &limits {
        chart.line(Ink::Bad, [(0.0, *limit), (most_rate, *limit)]);
    }
    chart.line(Ink::Quiet, points.iter().map(|(_, rate, value)| (*rate, *value)));
    for (probe, rate, value) in &points {
        let met = probe.meets_all();
        let title = format!("{}: {value:.1} ms at {rate:.1} tokens/s", level(probe.level));
        chart.dot(if met { Ink::C } else { Ink::Bad }, *rate, *value, &title);
        chart.label(*rate, *value, &level(probe.level));
    }
    let mut keys = vec![(Ink::C, "every objective met")];
    if probes.iter().any(|probe| !probe.meets_all()) || !limits.is_empty() {
        keys.push((Ink::Bad, "missed, or a limit"));
    }
    let limits: Vec<&str> = limits.iter().map(|(slo, _)| slo.as_str()).collect();
    let note =
        format!("a dot a run, named by its level{}{}", if limits.is_empty() { "" } else { "; " }, limits.join(", "));
    Some(chart.figure(id, &format!("Throughput against {name}"), &note, &keys))
}

/// The limits of the objectives about `metric`, in milliseconds.
fn limits(probes: &[&Probe], metric: SloMetric) -> Vec<(String, f64)> {
    let slos = probes.first().map_or(&[][..], |probe| &probe.slos);
    let parsed = slos.iter().filter_map(|result| result.slo.parse::<Slo>().ok());
    let of_metric = parsed.filter(|slo| slo.objective().metric == metric);
    of_metric.map(|slo| (slo.to_string(), 1000.0 * seconds(slo.objective().at_most))).collect()
}

fn over_level(probes: &[&Probe], swept: Variable) -> Option<String> {
    let points: Vec<(f64, f64)> =
        probes.iter().filter_map(|probe| Some((probe.level, probe.report.throughput.output_tokens_per_s?))).collect();
    let last = points.last()?;
    let most = points.iter().map(|(_, rate)| *rate).max_by(f64::total_cmp)?;
    let mut chart = Chart::new(Axis::linear(variable(swept), 0.0, last.0), Axis::linear("output tokens/s", 0.0, most));
    chart.line(Ink::A, points.iter().copied());
    for (at, rate) in &points {
        chart.dot(Ink::A, *at, *rate, &format!("{}: {rate:.1} tokens/s", level(*at)));
    }
    Some(chart.figure("throughput-over-level", "Throughput by load", "a dot a run", &[]))
}

fn table(probes: &[&Probe], swept: Variable) -> String {
    let mut html = format!(
        "<h2>Runs</h2>\n<div class=\"scroll\"><table id=\"levels\">\n<tr><th>{}</th><th>ok</th><th>failed</th>\
         <th>requests/s</th><th>output tokens/s</th><th>TTFT p95, ms</th><th>TPOT p95, ms</th><th>latency p95, ms</th>\
         <th>objectives</th></tr>\n",
        variable(swept),
    );
    let rate = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    let p95 = |of: &Option<Distribution>| {
        of.as_ref().map_or_else(|| "-".to_owned(), |of| format!("{:.1}", 1000.0 * of.p95.value))
    };
    for probe in probes {
        let report = &probe.report;
        let missed: Vec<&str> =
            probe.slos.iter().filter(|slo| slo.outcome == SloOutcome::Missed).map(|slo| slo.slo.as_str()).collect();
        let objectives = match (probe.slos.is_empty(), missed.is_empty()) {
            (true, _) => String::new(),
            (false, true) => "met".to_owned(),
            (false, false) => format!("missed {}", missed.join(", ")),
        };
        let bad = if missed.is_empty() { "" } else { " class=\"bad\"" };
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td{bad}>{}</td></tr>",
            level(probe.level),
            report.counts.ok,
            report.counts.errors,
            rate(report.throughput.requests_per_s),
            rate(report.throughput.output_tokens_per_s),
            p95(&report.latency.ttft_s),
            p95(&report.latency.tpot_s),
            p95(&report.latency.e2el_s),
            escape(&objectives),
        );
    }
    html + "</table></div>\n"
}

fn variable(swept: Variable) -> &'static str {
    match swept {
        Variable::Concurrency => "concurrency",
        Variable::RequestRate => "requests/s asked for",
    }
}

fn level(level: f64) -> String {
    if level.fract() == 0.0 { format!("{level}") } else { format!("{level:.3}") }
}
