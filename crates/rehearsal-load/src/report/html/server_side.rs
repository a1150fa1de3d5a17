//! The server's own figures: a chart over time and a table.

use std::fmt::Write;

use super::{Axis, Chart, Ink, escape};
use crate::{
    report::{Recording, Report},
    server_side::{Balance, Bracket, Level, ServerSnapshot},
};

/// Running and waiting requests and the KV cache, as the server counts them.
pub(super) fn charts(recording: &Recording, window_s: f64) -> String {
    let within: Vec<&ServerSnapshot> = recording.server.iter().collect();
    let requests = over_time(
        &within,
        window_s,
        "server-requests",
        "Requests in the server",
        "requests",
        &[(Ink::A, "running", |it| it.running), (Ink::B, "waiting", |it| it.waiting)],
    );
    let cache = over_time(
        &within,
        window_s,
        "server-kv-cache",
        "KV cache of the server",
        "% in use",
        &[(Ink::C, "in use", |it| it.kv_cache_usage.map(|share| 100.0 * share))],
    );
    requests.into_iter().chain(cache).collect()
}

type Gauge = (Ink, &'static str, fn(&ServerSnapshot) -> Option<f64>);

fn over_time(
    readings: &[&ServerSnapshot],
    window_s: f64,
    id: &str,
    name: &str,
    unit: &str,
    gauges: &[Gauge],
) -> Option<String> {
    if readings.len() < 3 {
        return None;
    }
    let points = |gauge: &Gauge| -> Vec<(f64, f64)> {
        readings.iter().filter_map(|it| Some((it.at_ns as f64 / 1e9, gauge.2(it)?))).collect()
    };
    let lines: Vec<(&Gauge, Vec<(f64, f64)>)> = gauges.iter().map(|gauge| (gauge, points(gauge))).collect();
    let most = lines.iter().flat_map(|(_, points)| points).map(|(_, value)| *value).max_by(f64::total_cmp)?;
    let end = lines.iter().flat_map(|(_, points)| points).map(|(at, _)| *at).fold(window_s, f64::max);
    let mut chart = Chart::new(Axis::linear("seconds", 0.0, end), Axis::linear(unit, 0.0, most.max(1.0)));
    for (gauge, points) in lines {
        chart.line(gauge.0, points);
    }
    let keys: Vec<(Ink, &str)> = gauges.iter().map(|gauge| (gauge.0, gauge.1)).collect();
    Some(chart.figure(id, name, &format!("{} readings of /metrics", readings.len()), &keys))
}

/// The table; empty where nothing was read.
pub(super) fn table(report: &Report) -> String {
    let Some(server) = &report.server else { return String::new() };
    let mut html = format!(
        "<h2>The server's side</h2>\n<p class=\"soft\">From {} readings of its /metrics page: what came in between the one \
         before the run and the one after it. Other clients of the server are in it too. Its histograms tell between which \
         bounds a quantile lies.</p>\n<div class=\"scroll\"><table id=\"server-side\">\n",
        server.readings,
    );
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(html, "<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(&value));
        }
    };
    let level = |level: Option<Level>, factor: f64, unit: &str| {
        level.map(|it| format!("{:.1}{unit}, at most {:.1}{unit}", factor * it.mean, factor * it.max))
    };
    row("requests running", level(server.running, 1.0, ""));
    row("requests waiting", level(server.waiting, 1.0, ""));
    row("KV cache in use", level(server.kv_cache_usage, 100.0, " %"));
    row("prefix cache hits, of tokens", server.prefix_cache_hit_rate.map(|rate| format!("{:.1} %", 100.0 * rate)));
    row("preemptions", server.preemptions.map(|count| count.to_string()));
    for (name, of) in [
        ("TTFT", server.ttft_s),
        ("ITL", server.itl_s),
        ("latency (E2EL)", server.e2el_s),
        ("time in the queue", server.queue_s),
    ] {
        row(
            name,
            of.map(|of| {
                let (p50, p95, p99) = (bracket(of.p50), bracket(of.p95), bracket(of.p99));
                format!("n {}, mean {:.1} ms, p50 {p50}, p95 {p95}, p99 {p99} ms", of.n, 1000.0 * of.mean)
            }),
        );
    }
    for it in &server.balance {
        let said = match it.balance {
            Balance::Equal => "the same as in the answers",
            Balance::Different => "other than in the answers",
            Balance::Unknown => "not comparable: requests failed or were cut off",
        };
        row(&it.what.replace('_', " "), Some(format!("{}; {} in the answers: {said}", it.server, it.client)));
    }
    html + "</table></div>\n"
}

fn bracket(bracket: Bracket) -> String {
    match bracket.at_most {
        Some(at_most) => format!("{} … {}", 1000.0 * bracket.above, 1000.0 * at_most),
        None => format!("above {}", 1000.0 * bracket.above),
    }
}
