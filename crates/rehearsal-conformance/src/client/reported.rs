//! What a client reports, in one form whatever the client's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The figures of a client's report. Lengths are means over its successes, in milliseconds. What it does not report is `None`.
///
/// This is also the `plain` form, in which a script of a few lines can report: one line of JSON with these keys, all of them optional.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reported {
    /// Requests that succeeded.
    pub successes: Option<u64>,
    /// Requests that failed.
    pub failures: Option<u64>,
    /// Time to first token.
    pub ttft_ms: Option<f64>,
    /// End-to-end latency.
    pub e2el_ms: Option<f64>,
    /// Time per output token.
    pub tpot_ms: Option<f64>,
    /// Latency between tokens.
    pub itl_ms: Option<f64>,
    /// Output tokens of all successes.
    pub output_tokens: Option<u64>,
    /// What it warns of.
    pub warnings: Vec<String>,
}

impl Reported {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
