//! The evidence: what was sent and what came back, as reports show it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    call::{Call, Payload},
    raw::{Answer, BodyEnd},
};

/// How much of a body a report keeps.
const KEPT: usize = 64 * 1024;

/// One request and its answer. The target's key is never in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// What was sent.
    pub request: SentRequest,
    /// What came back; `None` when nothing did.
    pub response: Option<SeenResponse>,
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SentRequest {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The headers that the case set.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; a string where it was no JSON; `None` without one.
    pub body: Option<Value>,
}

/// An answer as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeenResponse {
    /// The status.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body, its first 64 KiB.
    pub body: String,
    /// The whole body's size.
    pub body_bytes: u64,
    /// How the body ended.
    pub end: BodyEnd,
}

impl Exchange {
    /// Whether an answer came, and to its end.
    pub(crate) fn is_answered(&self) -> bool {
        self.response.as_ref().is_some_and(|response| matches!(response.end, BodyEnd::Complete | BodyEnd::HungUp))
    }
}

impl SentRequest {
    pub(crate) fn of(call: &Call) -> Self {
        let body = match &call.body {
            Payload::None => None,
            Payload::Json(value) => Some(value.clone()),
            Payload::Raw { bytes, .. } => Some(Value::String(String::from_utf8_lossy(bytes).into_owned())),
        };
        Self {
            method: call.method.to_string(),
            path: call.path.clone(),
            headers: call.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            body,
        }
    }
}

impl SeenResponse {
    pub(crate) fn of(answer: &Answer) -> Self {
        let kept = &answer.body[..answer.body.len().min(KEPT)];
        Self {
            status: answer.status,
            headers: answer.headers.clone(),
            body: String::from_utf8_lossy(kept).into_owned(),
            body_bytes: answer.body.len() as u64,
            end: answer.end.clone(),
        }
    }
}
