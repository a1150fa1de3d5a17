//! `forecast --profile`: what a profile, built in or calibrated, does under a closed load, and how many requests at a time it serves well.

use std::{fmt::Write, num::NonZeroUsize};

use rehearsal::{
    fake::profile::Profile,
    forecast::{Load, LoadFigures, Pattern, Prompts},
};
use serde_json::{Value, json};

use super::super::fake;
use crate::{args::ForecastArgs, exit::Expected};

/// Waves of a run, as of the report's.
const WAVES: usize = 4;
/// Requests of it at least.
const FEWEST_REQUESTS: usize = 8;
/// Most requests at a time that a capacity is looked for among.
const MOST_CONCURRENCY: usize = 1024;

/// One profile.
pub(super) struct Profiled {
    profile: Profile,
    points: Vec<(NonZeroUsize, LoadFigures)>,
    /// Most requests at a time within the objectives; `None` when none was given, `Some(0)` when even one is too many.
    capacity: Option<usize>,
}

/// All profiles that were named.
pub(super) fn profiled(args: &ForecastArgs) -> anyhow::Result<Vec<Profiled>> {
    args.profile.iter().map(|name| one(args, fake::profile(name)?)).collect()
}

fn one(args: &ForecastArgs, profile: Profile) -> anyhow::Result<Profiled> {
    profile.start_plan().map_err(|refusal| Expected::refused(format!("profile {}: {refusal}", profile.name)))?;
    let mut points = Vec::new();
    for concurrency in &args.concurrency {
        points.push((*concurrency, rehearse(args, &profile, *concurrency)?));
    }
    let capacity =
        (args.slo_ttft_ms.is_some() || args.slo_tpot_ms.is_some()).then(|| capacity(args, &profile)).transpose()?;
    Ok(Profiled { profile, points, capacity })
}

fn rehearse(args: &ForecastArgs, profile: &Profile, concurrency: NonZeroUsize) -> Result<LoadFigures, Expected> {
    let mut config = profile.engine_config().map_err(Expected::usage)?;
    // charged once a start, so it is no part of what a service does
    config.cold_stall = None;
    let load = Load {
        prompt_tokens: args.prompt_tokens,
        output_tokens: args.output_tokens,
        shortest: 0.8,
        prompts: Prompts::Unique,
        pattern: Pattern::Closed(concurrency),
        requests: (concurrency.get() * WAVES).max(FEWEST_REQUESTS),
        client: profile.client,
        seed: 0,
    };
    load.rehearse(config).map_err(|error| Expected::usage(format!("profile {}: {error}", profile.name)))
}

/// The largest concurrency whose 99th percentiles keep the objectives, by bisection: both rise with the batch.
fn capacity(args: &ForecastArgs, profile: &Profile) -> Result<usize, Expected> {
    let (mut kept, mut broken) = (0, MOST_CONCURRENCY + 1);
    while 1 < broken - kept {
        let middle = kept.midpoint(broken);
        let concurrency = NonZeroUsize::new(middle).unwrap_or(NonZeroUsize::MIN);
        let figures = rehearse(args, profile, concurrency)?;
        let within = |limit_ms: Option<f64>, seconds: Option<f64>| match (limit_ms, seconds) {
            (Some(limit), Some(seconds)) => seconds * 1e3 <= limit,
            _ => true,
        };
        let keeps = within(args.slo_ttft_ms, figures.ttft_p99_s) && within(args.slo_tpot_ms, figures.tpot_p99_s);
        if keeps { kept = middle } else { broken = middle }
    }
    Ok(kept)
}

/// As text for people.
pub(super) fn text(args: &ForecastArgs, all: &[Profiled]) -> String {
    let mut text = format!(
        "Closed loop, up to {} tokens in, up to {} out, no two prompts alike; times in milliseconds\n",
        args.prompt_tokens, args.output_tokens
    );
    for one in all {
        // writing to a String cannot fail
        let _ = writeln!(text, "\n{}: {}", one.profile.name, one.profile.title);
        let _ = writeln!(
            text,
            "{:>6}{:>14}{:>12}{:>12}{:>12}{:>12}{:>14}",
            "c", "output tok/s", "TPOT mean", "TPOT p99", "TTFT p50", "TTFT p99", "latency p50"
        );
        let ms =
            |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{:.1}", seconds * 1e3));
        for (concurrency, figures) in &one.points {
            let _ = writeln!(
                text,
                "{concurrency:>6}{:>14.1}{:>12}{:>12}{:>12}{:>12}{:>14}",
                figures.output_tps,
                ms(figures.tpot_mean_s),
                ms(figures.tpot_p99_s),
                ms(figures.ttft_p50_s),
                ms(figures.ttft_p99_s),
                ms(figures.latency_p50_s),
            );
        }
        if let Some(capacity) = one.capacity {
            let _ = writeln!(text, "within the objectives at the 99th percentile: up to {capacity} requests at a time");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// As one document.
pub(super) fn document(all: &[Profiled]) -> Value {
    let profiles = all.iter().map(|one| {
        let points =
            one.points.iter().map(|(concurrency, figures)| json!({"concurrency": concurrency, "figures": figures}));
        json!({
            "profile": one.profile.name, "title": one.profile.title, "tensor_parallel": one.profile.tensor_parallel,
            "points": points.collect::<Vec<Value>>(), "capacity": one.capacity,
        })
    });
    json!({"schema_version": 1, "profiles": profiles.collect::<Vec<Value>>()})
}
