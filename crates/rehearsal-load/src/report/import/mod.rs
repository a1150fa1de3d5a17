//! Results of other tools as a [`Recording`], so that they can be compared, recomputed and charted like our own.
//!
//! Only what a file states is taken over. Instants that it lacks are absent, and no figure is made up from an aggregate:
//! a file without the single requests is refused.

mod aiperf;
mod guidellm;
mod vllm;

use std::time::Duration;

use serde_json::Value;

use super::Recording;

/// A file that is no recording of a tool that is known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nothing that is known.
    #[error(
        "not a result that is known: a vllm bench serve result (--save-detailed), aiperf's profile_export.jsonl or guidellm's benchmarks.json"
    )]
    Unknown,
    /// The single requests are missing.
    #[error("the file has no single requests; run `{0}` to have them written")]
    NoRequests(&'static str),
    /// llm-d's report.
    #[error(
        "llm-d's Benchmark Report holds aggregates and no requests, so nothing can be computed from it; give the tool's own \
         result that it was made of"
    )]
    Aggregates,
    /// A field does not hold what the tool writes.
    #[error("{place}: {reason}")]
    Field {
        /// Which line or field.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl Recording {
    /// Reads another tool's result file; the content tells which tool's.
    pub fn import(text: &str) -> Result<Self, ImportError> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let Some(Ok(Value::Object(first))) = values.next() else { return Err(ImportError::Unknown) };
        if first.contains_key("metadata") && first.contains_key("metrics") {
            return aiperf::read(text);
        }
        if first.contains_key("request_throughput") && first.contains_key("model_id") {
            return vllm::read(Value::Object(first));
        }
        if first.contains_key("benchmarks") {
            return guidellm::read(Value::Object(first));
        }
        if first.contains_key("scenario") && first.contains_key("results") {
            return Err(ImportError::Aggregates);
        }
        Err(ImportError::Unknown)
    }
}

/// A duration from a number of seconds that a file states, to the nanosecond.
fn duration(seconds: f64, place: impl FnOnce() -> String) -> Result<Duration, ImportError> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| ImportError::Field { place: place(), reason: format!("`{seconds}` is no length of time") })
}
