//! What an open loop offered, told before it ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    arrivals::WhenFull,
    metrics::seconds,
    plan::{ArrivalSource, CheckedOpenLoad},
};

/// The schedule of an open loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenLoadSummary {
    /// Requests per second: a number, `FROM..TO@SECONDS` for a ramp, `RATE@SECONDS,…` for steps; `null` for a recording.
    pub request_rate: Option<String>,
    /// How regularly requests arrived: `constant`, `poisson`, `gamma`, `vllm_rescaled`, or `recorded`.
    pub spacing: String,
    /// Shape of the gamma-distributed gaps; 1 is Poisson, `null` for equal gaps and recordings.
    pub burstiness: Option<f64>,
    /// Seed of the gaps.
    pub seed: Option<u64>,
    /// Arrivals.
    pub scheduled: usize,
    /// The last of them.
    pub schedule_end_s: f64,
    /// XXH3 (64 bits) of the due instants as little-endian 64-bit nanoseconds: equal schedules have equal ones.
    pub schedule_hash: String,
    /// Requests in flight at most; `null` is unlimited.
    pub max_concurrency: Option<usize>,
    /// What became of a request that arrived when all slots were taken: `wait` or `drop`; `null` without slots.
    pub when_full: Option<String>,
}

impl From<&CheckedOpenLoad> for OpenLoadSummary {
    fn from(load: &CheckedOpenLoad) -> Self {
        let (request_rate, spacing, burstiness, seed) = match load.source() {
            ArrivalSource::Rate { profile, spacing, seed } => {
                (Some(profile.to_string()), spacing.name(), spacing.burstiness(), Some(*seed))
            }
            ArrivalSource::Recorded(_) => (None, "recorded", None, None),
        };
        let when_full = match load.when_full() {
            WhenFull::Wait => "wait",
            WhenFull::Drop => "drop",
        };
        Self {
            request_rate,
            spacing: spacing.to_owned(),
            burstiness,
            seed,
            scheduled: load.schedule().len(),
            schedule_end_s: seconds(load.schedule().end()),
            schedule_hash: load.schedule().hash(),
            max_concurrency: load.slots().map(std::num::NonZeroUsize::get),
            when_full: load.slots().map(|_| when_full.to_owned()),
        }
    }
}
