//! The server's own figures, a line each.

use rehearsal_load::{
    metrics::Distribution,
    report::ServerTimesSummary,
    server_side::{Balance, Bracket, Level, ServerDistribution, ServerSide, TokenBalance},
};

/// Gives the lines in order.
pub(super) fn lines(server: &ServerSide, mut line: impl FnMut(&str, String)) {
    let levels = [
        level("running", server.running, 1.0, ""),
        level("waiting", server.waiting, 1.0, ""),
        level("KV cache", server.kv_cache_usage, 100.0, " %"),
    ];
    let said_levels = match levels.iter().flatten().count() {
        0 => "nothing of its load: the run was over before --server-metrics-every".to_owned(),
        _ => said(levels),
    };
    line("the server says", said_levels);
    let counts = [
        server.prefix_cache_hit_rate.map(|rate| format!("prefix cache hits {:.1} %", 100.0 * rate)),
        server.preemptions.map(|count| format!("{count} preemptions")),
    ];
    line("", said(counts));
    for (name, of) in
        [("TTFT", server.ttft_s), ("ITL", server.itl_s), ("E2EL", server.e2el_s), ("in the queue", server.queue_s)]
    {
        if let Some(of) = of {
            line("", distribution(name, &of));
        }
    }
    for it in &server.balance {
        line("", balance(it));
    }
}

/// What the answers themselves say of the server's times.
pub(super) fn times_line(times: &ServerTimesSummary) -> String {
    let mean = |name: &str, of: &Option<Distribution>| of.as_ref().map(|of| format!("{name} {:.4} s", of.mean));
    let parts = [
        mean("in the queue", &times.queue_s),
        mean("from there to the first token", &times.ttft_s),
        mean("ITL", &times.mean_itl_s),
    ];
    format!("{}, on average over {} answers that say so", said(parts), times.requests)
}

fn level(name: &str, level: Option<Level>, factor: f64, unit: &str) -> Option<String> {
    let Level { mean, max } = level?;
    Some(format!("{name} {:.1}{unit}, at most {:.1}{unit}", factor * mean, factor * max))
}

fn said<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join("; ") }
}

fn distribution(name: &str, of: &ServerDistribution) -> String {
    format!("{name} mean {:.4} s, median {}, p95 {}", of.mean, bracket(of.p50), bracket(of.p95))
}

fn bracket(bracket: Bracket) -> String {
    match bracket.at_most {
        Some(at_most) => format!("{} to {at_most} s", bracket.above),
        None => format!("above {} s", bracket.above),
    }
}

fn balance(it: &TokenBalance) -> String {
    let what = it.what.replace('_', " ");
    match it.balance {
        Balance::Equal => format!("{} {what}, as the answers say", it.server),
        Balance::Different => format!("{} {what}, but the answers say {}", it.server, it.client),
        Balance::Unknown => format!("{} {what}; the answers that came say {}", it.server, it.client),
    }
}
