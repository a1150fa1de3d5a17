//! The figures of several tools as one table, and why they differ.

use std::fmt::Write;

use rehearsal::load::report::{MetricDefinition, ToolFigures, ToolStatistics};

/// A row's name, the metric behind it, and how a tool's cell is found.
type Row = (&'static str, Option<&'static str>, fn(&ToolFigures) -> Option<String>);

const ROWS: &[Row] = &[
    ("successes", Some("requests_per_s"), |figures| Some(figures.ok.to_string())),
    ("failures", None, |figures| Some(figures.failed.to_string())),
    ("duration, s", None, |figures| Some(format!("{:.3}", figures.duration_s))),
    ("requests/s", None, |figures| decimals(figures.requests_per_s, 4)),
    ("output tokens", Some("output_tokens_per_s"), |figures| figures.output_tokens.map(|tokens| tokens.to_string())),
    ("output tokens/s", None, |figures| decimals(figures.output_tokens_per_s, 2)),
    ("TTFT mean, ms", Some("ttft"), |figures| ms(figures.ttft_s, |statistics| Some(statistics.mean))),
    ("TTFT p50, ms", None, |figures| ms(figures.ttft_s, |statistics| statistics.p50)),
    ("TTFT p95, ms", Some("quantiles"), |figures| ms(figures.ttft_s, |statistics| statistics.p95)),
    ("TTFT p99, ms", None, |figures| ms(figures.ttft_s, |statistics| statistics.p99)),
    ("latency mean, ms", Some("e2el"), |figures| ms(figures.e2el_s, |statistics| Some(statistics.mean))),
    ("latency p50, ms", None, |figures| ms(figures.e2el_s, |statistics| statistics.p50)),
    ("latency p95, ms", None, |figures| ms(figures.e2el_s, |statistics| statistics.p95)),
    ("latency p99, ms", None, |figures| ms(figures.e2el_s, |statistics| statistics.p99)),
    ("a token after the first, mean, ms", Some("tpot"), |figures| {
        ms(figures.per_token_s, |statistics| Some(statistics.mean))
    }),
    ("a token after the first, p99, ms", None, |figures| ms(figures.per_token_s, |statistics| statistics.p99)),
    ("a token, first included, mean, ms", Some("ms_per_output_token"), |figures| {
        ms(figures.overall_per_token_s, |statistics| Some(statistics.mean))
    }),
    ("gap mean, ms", Some("itl_pooled"), |figures| ms(figures.gap_s, |statistics| Some(statistics.mean))),
    ("gap p99, ms", None, |figures| ms(figures.gap_s, |statistics| statistics.p99)),
];

pub(super) fn text(figures: &[ToolFigures]) -> String {
    let mut text = format!("{:<34}", "");
    for tool in figures {
        let _ = write!(text, "{:>12}", tool.tool.name());
    }
    for (name, _, cell) in ROWS {
        let _ = write!(text, "\n{name:<34}");
        for tool in figures {
            let _ = write!(text, "{:>12}", cell(tool).as_deref().unwrap_or("-"));
        }
    }

    let mut differences = String::new();
    for metric in ROWS.iter().filter_map(|(_, metric, _)| MetricDefinition::find((*metric)?)) {
        for (tool, difference) in
            metric.others.iter().filter(|(tool, _)| figures.iter().any(|shown| shown.tool == *tool))
        {
            let _ = write!(differences, "\n  {:<22}{:<11}{difference}", metric.id, tool.name());
        }
    }
    if !differences.is_empty() {
        let _ = write!(
            text,
            "\n\nWhy they differ from native (`rehearsal explain METRIC` has our own definitions):{differences}"
        );
    }
    text
}

fn decimals(value: Option<f64>, digits: usize) -> Option<String> {
    value.map(|value| format!("{value:.digits$}"))
}

fn ms(statistics: Option<ToolStatistics>, which: fn(&ToolStatistics) -> Option<f64>) -> Option<String> {
    decimals(which(&statistics?).map(|seconds| seconds * 1000.0), 3)
}
