//! Figures as cards and tables.

use std::fmt::Write;

use super::escape;
use crate::{
    metrics::{ConfidenceInterval, Distribution, QuantileEstimate},
    report::{MetricDefinition, Report},
};

pub(super) fn cards(report: &Report) -> String {
    let counts = &report.counts;
    let value =
        |value: Option<f64>, digits: usize| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"));
    let ms = |of: &Option<Distribution>, which: fn(&Distribution) -> f64| {
        of.as_ref().map_or_else(|| "-".to_owned(), |of| format!("{:.1} ms", which(of) * 1000.0))
    };
    let latency = &report.latency;
    let cards = [
        (format!("{} / {}", counts.ok, counts.finished), "requests succeeded"),
        (format!("{:.2} s", report.window_s), "measured window"),
        (value(report.throughput.requests_per_s, 3), "requests/s"),
        (value(report.throughput.output_tokens_per_s, 1), "output tokens/s"),
        (ms(&latency.ttft_s, |of| of.p50.value), "TTFT, median"),
        (ms(&latency.ttft_s, |of| of.p95.value), "TTFT, p95"),
        (ms(&latency.tpot_s, |of| of.p50.value), "TPOT, median"),
        (ms(&latency.itl_pooled_s, |of| of.p99.value), "ITL, p99"),
        (ms(&latency.e2el_s, |of| of.p50.value), "latency, median"),
        (ms(&latency.e2el_s, |of| of.p95.value), "latency, p95"),
        (value(report.throughput.mean_concurrency, 2), "in flight, mean"),
        (ms(&latency.schedule_lag_s, |of| of.p99.value), "generator's lag, p99"),
    ];
    let mut html = String::from("<div class=\"cards\">\n");
    for (figure, name) in cards {
        let _ = writeln!(html, "<div class=\"card\"><b>{figure}</b><span>{name}</span></div>");
    }
    html + "</div>\n"
}

pub(super) fn distributions(report: &Report) -> String {
    let latency = &report.latency;
    let rows = [
        ("TTFT", &latency.ttft_s),
        ("TTFOT", &latency.ttfot_s),
        ("TPOT", &latency.tpot_s),
        ("ITL, pooled", &latency.itl_pooled_s),
        ("ITL, mean of a request", &latency.itl_request_mean_s),
        ("ITL, token-weighted", &latency.itl_token_weighted_s),
        ("latency (E2EL)", &latency.e2el_s),
        ("end of stream", &latency.end_of_stream_s),
        ("connection", &latency.connect_s),
        ("schedule lag", &latency.schedule_lag_s),
    ];
    let mut html = format!(
        "<h2>Latencies, in milliseconds</h2>\n<p class=\"soft\">Over successes. Quantiles with their {:.0} % interval from \
         order statistics, or how many samples one would take.</p>\n<div class=\"scroll\"><table id=\"latencies\">\n\
         <tr><th></th><th>n</th><th>mean</th><th>std</th><th>min</th><th>p50</th><th>p90</th><th>p95</th><th>p99</th><th>max</th></tr>\n",
        report.confidence * 100.0,
    );
    for (name, of) in rows {
        let Some(of) = of else { continue };
        let _ = writeln!(
            html,
            "<tr><td>{name}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            of.n,
            ms(of.mean),
            of.std.map_or_else(|| "-".into(), ms),
            ms(of.min),
            quantile(of.p50),
            quantile(of.p90),
            quantile(of.p95),
            quantile(of.p99),
            ms(of.max),
        );
    }
    html + "</table></div>\n"
}

fn ms(seconds: f64) -> String {
    format!("{:.3}", seconds * 1000.0)
}

fn quantile(estimate: QuantileEstimate) -> String {
    let interval = match estimate.interval {
        ConfidenceInterval::Between { low, high } => format!("{} … {}", ms(low), ms(high)),
        ConfidenceInterval::TooFewSamples { needed } => format!("needs {needed}"),
    };
    format!("{}<br><span class=\"soft\">{interval}</span>", ms(estimate.value))
}

pub(super) fn verdicts(report: &Report) -> String {
    let mut html = String::from("<h2>How requests ended</h2>\n<div class=\"scroll\"><table id=\"verdicts\">\n");
    for (verdict, count) in &report.counts.by_verdict {
        let _ = writeln!(html, "<tr><td>{}</td><td>{count}</td></tr>", escape(verdict));
    }
    let tokens = &report.tokens;
    for (name, count) in [
        ("prompt tokens", tokens.prompt),
        ("output tokens", tokens.completion),
        ("prompt tokens from the cache", tokens.cached),
        ("reasoning tokens", tokens.reasoning),
    ] {
        let Some(count) = count else { continue };
        let _ = writeln!(html, "<tr><td>{name}</td><td>{count}</td></tr>");
    }
    html + "</table></div>\n"
}

pub(super) fn cross_checks(report: &Report) -> String {
    let mut html = String::from(
        "<h2>Cross-checks</h2>\n<p class=\"soft\">Arithmetic that holds whatever the server does; a miss says which figure not \
         to trust.</p>\n<div class=\"scroll\"><table id=\"checks\">\n<tr><th>law</th><th>cases</th><th>misses</th></tr>\n",
    );
    for check in &report.cross_checks {
        let bad = if check.holds() { "" } else { " class=\"bad\"" };
        let _ = writeln!(
            html,
            "<tr><td class=\"text\">{}</td><td>{}</td><td{bad}>{}</td></tr>",
            escape(&check.law),
            check.examined,
            check.violations,
        );
    }
    html + "</table></div>\n"
}

pub(super) fn definitions() -> String {
    let mut html = String::from("<details><summary>What the figures mean</summary>\n<dl>\n");
    for metric in MetricDefinition::all() {
        let _ = writeln!(
            html,
            "<dt><b>{}</b> <span class=\"soft\">({})</span></dt><dd>{}</dd>",
            escape(metric.name),
            escape(metric.unit),
            escape(metric.definition),
        );
    }
    html + "</dl></details>\n"
}
