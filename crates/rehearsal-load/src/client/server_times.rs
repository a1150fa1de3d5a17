//! What the server says of one request's times, in the request's own answer.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `metrics` object of vLLM's answers (`--enable-per-request-metrics`, since 0.25), by the engine's clock. What the
/// server did not say, or said as a negative length, is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServerTimes {
    /// From the arrival to the first time in a batch.
    pub queue_ns: Option<u64>,
    /// From the first time in a batch to the first token: without the queue, unlike the client's TTFT.
    pub ttft_ns: Option<u64>,
    /// From the first token to the last.
    pub generation_ns: Option<u64>,
    /// Generation time ÷ (tokens − 1).
    pub mean_itl_ns: Option<u64>,
}

/// The JSON object, in milliseconds (`entrypoints/generate/base/serving.py`, `build_per_request_timing_metrics`).
#[derive(Deserialize)]
pub(super) struct ServerTimesWire {
    #[serde(default, rename = "queue_time_ms")]
    queue: Option<f64>,
    #[serde(default, rename = "time_to_first_token_ms")]
    ttft: Option<f64>,
    #[serde(default, rename = "generation_time_ms")]
    generation: Option<f64>,
    #[serde(default, rename = "mean_itl_ms")]
    mean_itl: Option<f64>,
}

impl From<ServerTimesWire> for ServerTimes {
    fn from(wire: ServerTimesWire) -> Self {
        Self {
            queue_ns: nanos(wire.queue),
            ttft_ns: nanos(wire.ttft),
            generation_ns: nanos(wire.generation),
            mean_itl_ns: nanos(wire.mean_itl),
        }
    }
}

fn nanos(milliseconds: Option<f64>) -> Option<u64> {
    let length = Duration::try_from_secs_f64(milliseconds? / 1000.0).ok()?;
    u64::try_from(length.as_nanos()).ok()
}
