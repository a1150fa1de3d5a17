//! A report as text for people.

mod server_side;

use std::fmt::Write;

use rehearsal_load::{
    Report,
    metrics::{Distribution, SteadyState},
};

use super::table::slo_state;

/// The figures people look for first, one line each; what is undefined is a dash.
pub(in crate::command) fn text(report: &Report) -> String {
    let counts = &report.counts;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // writing to a String cannot fail
        let _ = writeln!(text, "{name:<22}{value}");
    };

    line("requests", format!("{} ok, {} failed, of {}", counts.ok, counts.errors, counts.planned));
    for (verdict, count) in counts.by_verdict.iter().filter(|(verdict, _)| *verdict != "ok") {
        line("", format!("{count} {verdict}"));
    }
    if let Some(load) = &report.plan.open_load {
        let rate =
            load.request_rate.as_deref().map_or_else(|| "recorded".to_owned(), |rate| format!("{rate} requests/s"));
        line("arrivals", format!("{}, {rate}, schedule {}", load.spacing, load.schedule_hash));
    }
    if 0 < counts.waited_for_slot + counts.dropped {
        line("found no slot", format!("{} waited, {} dropped", counts.waited_for_slot, counts.dropped));
    }
    if 0 < counts.retries {
        line("retries", counts.retries.to_string());
    }
    line("window", format!("{:.3} s", report.window_s));
    line("QPS", rate(report.throughput.requests_per_s, 4, "requests/s"));
    line("prompt_tps", rate(report.throughput.prompt_tokens_per_s, 2, "tok/s"));
    line("decode_tps", rate(report.throughput.output_tokens_per_s, 2, "tok/s"));
    let latency = &report.latency;
    line("", format!("{:>10} {:>10} {:>10} {:>10} {:>10}", "p50", "p95", "mean", "min", "max"));
    for (name, distribution) in [
        ("E2EL, s", &latency.e2el_s),
        ("E2EL from due, s", &latency.scheduled_latency_s),
        ("TTFT, s", &latency.ttft_s),
        ("TPOT, s", &latency.tpot_s),
        ("ITL (pooled), s", &latency.itl_pooled_s),
    ] {
        // in a closed loop nobody is due before a worker is free
        if distribution.is_some() || name != "E2EL from due, s" {
            line(name, row(distribution.as_ref()));
        }
    }
    if let Some(steady) = &report.steady_state {
        line("steady state", steady_state(steady));
    }
    if let Some(goodput) = &report.goodput {
        let share = 100.0 * goodput.share;
        let within = format!("{} of {} requests within every limit, {share:.1} %", goodput.met, goodput.sent);
        line("goodput", rate(goodput.requests_per_s, 4, &format!("requests/s: {within}")));
        for slo in &goodput.slos {
            line("", slo_state(slo));
        }
    }
    if let Some(server) = &report.server {
        server_side::lines(server, &mut line);
    } else if let Some(note) = &report.server_note {
        line("server", format!("no metrics of its own ({note})"));
    }
    if let Some(times) = &report.server_times {
        line("the answers say", server_side::times_line(times));
    }
    if let Some(cost) = &report.cost {
        line("cost", rate(cost.usd_per_million_output_tokens, 4, "USD per million output tokens"));
        line("", rate(cost.usd_per_million_tokens, 4, "USD per million tokens, prompt and output"));
        line("", rate(cost.usd_per_thousand_requests, 4, "USD per thousand requests"));
    }
    if let Some(health) = &report.generator_health {
        let lag = health.schedule_lag_p99_s.map_or_else(|| "-".to_owned(), |lag| format!("{:.3} ms", lag * 1000.0));
        line("client bound", format!("{} (p99 of the generator's own lag {lag})", health.client_bound.name()));
    }
    text.truncate(text.trim_end().len());
    text
}

fn steady_state(steady: &SteadyState) -> String {
    format!(
        "{:.2} to {:.2} s: {:.1} in flight, {:.4} requests/s, {}",
        steady.from_s,
        steady.until_s,
        steady.mean_concurrency,
        steady.requests_per_s,
        rate(steady.output_tokens_per_s, 2, "tok/s")
    )
}

fn rate(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$} {unit}"))
}

fn row(distribution: Option<&Distribution>) -> String {
    let Some(d) = distribution else {
        return format!("{:>10} {:>10} {:>10} {:>10} {:>10}", "-", "-", "-", "-", "-");
    };
    [d.p50.value, d.p95.value, d.mean, d.min, d.max].map(|value| format!("{value:>10.4}")).join(" ")
}
