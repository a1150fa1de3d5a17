//! The runs of a sweep or a search as a table for people.

use std::fmt::Write;

use rehearsal_load::{
    metrics::Distribution,
    search::{Exploration, Knee, Probe, SloOutcome, SloResult, Unresolved, Variable},
};

/// A line a run, and what a search came to.
pub(in crate::command) fn exploration(exploration: &Exploration) -> String {
    let mut text = format!(
        "{:>12} {:>7} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n",
        name(exploration.variable),
        "ok",
        "failed",
        "req/s",
        "tok/s",
        "TTFT p95",
        "TPOT p95",
        "E2EL p95",
        "objectives"
    );
    for probe in &exploration.probes {
        // writing to a String cannot fail
        let _ = writeln!(text, "{}", row(probe));
    }
    if let Some(knee) = &exploration.knee {
        let _ = write!(text, "{}", knee_line(exploration.variable, knee));
    }
    text.truncate(text.trim_end().len());
    text
}

/// An objective that a single run missed.
pub(in crate::command) fn slo_line(slo: &SloResult) -> String {
    format!("objective {} was missed: it was {}", slo.slo, length(slo.value_s))
}

/// An objective and whether it was met.
pub(super) fn slo_state(slo: &SloResult) -> String {
    let outcome = match slo.outcome {
        SloOutcome::Met => "met",
        SloOutcome::Missed => "missed",
    };
    format!("{}: {outcome}, it was {}", slo.slo, length(slo.value_s))
}

/// How one run of a search went.
pub(super) fn probe_line(variable: Variable, probe: &Probe) -> String {
    let verdict = if probe.meets_all() { "met" } else { "missed" };
    let slos: Vec<String> = probe.slos.iter().map(|slo| format!("{} was {}", slo.slo, length(slo.value_s))).collect();
    format!("{} {}: {verdict}; {}", name(variable), level(probe.level), slos.join(", "))
}

fn row(probe: &Probe) -> String {
    let report = &probe.report;
    let missed: Vec<&str> =
        probe.slos.iter().filter(|slo| slo.outcome == SloOutcome::Missed).map(|slo| slo.slo.as_str()).collect();
    let objectives = match (probe.slos.is_empty(), missed.is_empty()) {
        (true, _) => String::new(),
        (false, true) => "met".to_owned(),
        (false, false) => format!("missed {}", missed.join(", ")),
    };
    let p95 = |distribution: &Option<Distribution>| length(distribution.as_ref().map(|d| d.p95.value));
    let rate = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
    let line = format!(
        "{:>12} {:>7} {:>7} {:>10} {:>10} {:>10} {:>10} {:>10}  {objectives}",
        level(probe.level),
        report.counts.ok,
        report.counts.errors,
        rate(report.throughput.requests_per_s),
        rate(report.throughput.output_tokens_per_s),
        p95(&report.latency.ttft_s),
        p95(&report.latency.tpot_s),
        p95(&report.latency.e2el_s),
    );
    line.trim_end().to_owned()
}

fn knee_line(variable: Variable, knee: &Knee) -> String {
    let name = name(variable);
    match knee {
        Knee::Found { highest_met, lowest_missed } => format!(
            "highest {name} that meets the objectives: {} (missed at {})",
            level(*highest_met),
            level(*lowest_missed)
        ),
        Knee::Unresolved { reason, highest_met, lowest_missed } => {
            let reason = match reason {
                Unresolved::NothingMeets => {
                    "even the lowest level misses an objective; loosen it, or ask for shorter answers"
                }
                Unresolved::EverythingMeets => "even the highest level meets the objectives; raise --search-max",
                Unresolved::RepeatsDisagree => "repeats at one level disagree; make the runs longer",
                Unresolved::Stopped => "stopped before it was found",
            };
            let known = |level: &Option<f64>| level.map_or_else(|| "-".to_owned(), self::level);
            format!("unresolved: {reason} (met at {}, missed at {})", known(highest_met), known(lowest_missed))
        }
    }
}

fn name(variable: Variable) -> &'static str {
    match variable {
        Variable::Concurrency => "concurrency",
        Variable::RequestRate => "request rate",
    }
}

fn level(level: f64) -> String {
    if level.fract() == 0.0 { format!("{level}") } else { format!("{level:.3}") }
}

fn length(seconds: Option<f64>) -> String {
    match seconds {
        None => "-".to_owned(),
        Some(seconds) if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        Some(seconds) => format!("{seconds:.2} s"),
    }
}
