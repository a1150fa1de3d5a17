//! How fast a forecast is, how that grows with the number of requests, and how much memory it takes.
//!
//! `cargo bench --bench forecast`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads a clock and prints"
)]

use std::{num::NonZeroU32, time::Instant};

use rehearsal::{
    fake::{engine::Nanos, profile::Profile},
    forecast::{Load, Pattern, Prompts},
};

/// Requests a second that keep about 256 of them running on this machine; the bench prints how many it were.
const RATE: f64 = 10.0;

fn main() {
    let mut report = f64::INFINITY;
    for _ in 0..5 {
        let started = Instant::now();
        for name in ["report-tp1", "report-tp2"] {
            let profile = Profile::builtin(name).expect("a built-in profile");
            let load = Load::of_the_report(profile.client, 16.try_into().expect("not 0"));
            load.rehearse(profile.engine_config().expect("it starts")).expect("it takes the load");
        }
        report = report.min(started.elapsed().as_secs_f64());
    }
    println!("the report's two runs, profiles read anew: {:.2} ms", report * 1e3);

    let profile = Profile::builtin("rtxpro6000-72b-fp8-tp2").expect("a built-in profile");
    let mut before: Option<f64> = None;
    for requests in [1_000, 10_000, 100_000, 1_000_000] {
        let load = Load {
            prompt_tokens: NonZeroU32::new(89).expect("not 0"),
            output_tokens: NonZeroU32::new(256).expect("not 0"),
            shortest: 1.0,
            prompts: Prompts::Unique,
            pattern: Pattern::Poisson(RATE),
            requests,
            client: profile.client,
            seed: 0,
        };
        let started = Instant::now();
        let outlines = load.outlines(profile.engine_config().expect("it starts")).expect("it takes the load");
        let elapsed = started.elapsed().as_secs_f64();
        let end = outlines.iter().map(|outline| outline.finished).max().expect("requests were sent");
        let busy: f64 = outlines.iter().map(|outline| outline.latency().as_secs_f64()).sum();
        let growth =
            before.map_or_else(String::new, |before| format!(", {:.1} times the time of a tenth", elapsed / before));
        println!(
            "{requests:>9} requests: {elapsed:.3} s, {:.0} simulated seconds a second, {:.0} running on average{growth}",
            end.as_secs_f64() / elapsed,
            busy / end.saturating_sub(Nanos::ZERO).as_secs_f64(),
        );
        before = Some(elapsed);
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown");
        println!("peak memory: {peak}");
    }
}
