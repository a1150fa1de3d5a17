//! What a request asked, and what has been seen of its answer.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::Value;

use super::part::Part;

/// One exchange, as far as a mutant looks at it or remembers it.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) path: String,
    /// The body as the client sent it; null when it is not JSON.
    pub(super) asked: Value,
    /// Requests that the server has had before.
    pub(super) turn: u64,
    /// The right answer's status.
    pub(super) status: StatusCode,
    /// Right running counts of completion tokens, by choice.
    pub(super) counts: BTreeMap<u64, u64>,
    /// Choices seen so far whose end the mutant counts wrongly.
    pub(super) ends: u64,
    /// Events seen so far.
    pub(super) events: u64,
    /// What is sent later than it should be.
    pub(super) held: Option<Part>,
}

impl Scene {
    /// A member of the request.
    pub(super) fn asks(&self, key: &str) -> Option<&Value> {
        self.asked.get(key).filter(|value| !value.is_null())
    }

    /// Choices of each prompt.
    pub(super) fn n(&self) -> u64 {
        self.asks("n").and_then(Value::as_u64).unwrap_or(1)
    }

    /// Whether it is a stream that was asked for.
    pub(super) fn streams(&self) -> bool {
        self.asks("stream") == Some(&Value::Bool(true))
    }

    /// Whether the endpoint is one of those with `choices`.
    pub(super) fn completes(&self) -> bool {
        self.path.ends_with("/completions")
    }
}
