use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Call,
    check::{Check, Running},
    profile::ByProfile,
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "H-04",
    level: Level::Info,
    title: "how long the server took to start, where its metrics tell",
    sends: "GET /health and /metrics",
    expects: ByProfile::each(
        "process_start_time_seconds, and the engine's counters created after it",
        "process_start_time_seconds, and the engine's counters created after it",
        "not told",
    ),
    reference: "the metrics that prometheus_client adds; recorded /metrics of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

/// Made once the engine is up, a moment before the port is opened.
const CREATED: &str = "vllm:num_preemptions_created";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let health = s.ask(Call::get("/health")).await?;
        s.satisfies("/health", "200", health.status, |status| *status == 200);
        let samples = s.metrics().await?;
        let times =
            samples.sum("process_start_time_seconds").zip(samples.of(CREATED).map(|(_, created)| created).next());
        let Some((started, created)) = times else {
            return Err(Stop::Skipped("the metrics do not tell when the process and its engine started".into()));
        };
        let took = created - started;
        s.record("seconds from the process to its engine", json!((took * 1000.0).round() / 1000.0));
        Ok(())
    }
    .boxed()
}
