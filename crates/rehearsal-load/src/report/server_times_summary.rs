//! What the answers themselves say of the server's times.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    client::{RequestTimeline, ServerTimes},
    metrics::{Distribution, QuantileMethod, seconds},
};

/// Distributions over successes of what their `metrics` say, by the engine's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerTimesSummary {
    /// Successes that say anything.
    pub requests: usize,
    /// From the arrival to the first time in a batch.
    pub queue_s: Option<Distribution>,
    /// From the first time in a batch to the first token.
    pub ttft_s: Option<Distribution>,
    /// From the first token to the last.
    pub generation_s: Option<Distribution>,
    /// Generation time ÷ (tokens − 1).
    pub mean_itl_s: Option<Distribution>,
}

impl ServerTimesSummary {
    pub(super) fn of(requests: &[RequestTimeline], method: QuantileMethod) -> Option<Self> {
        let stated: Vec<ServerTimes> = requests
            .iter()
            .filter(|it| it.verdict.is_success())
            .filter_map(|request| request.server_times.as_deref().copied())
            .collect();
        let spread = |length: fn(&ServerTimes) -> Option<u64>| {
            let lengths = stated.iter().filter_map(length).map(|ns| seconds(Duration::from_nanos(ns)));
            Distribution::of(lengths.collect(), method)
        };
        (!stated.is_empty()).then(|| Self {
            requests: stated.len(),
            queue_s: spread(|it| it.queue_ns),
            ttft_s: spread(|it| it.ttft_ns),
            generation_s: spread(|it| it.generation_ns),
            mean_itl_s: spread(|it| it.mean_itl_ns),
        })
    }
}
