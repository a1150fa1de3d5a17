//! How a request ended, in one word.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a request ended. [`Ok`](Verdict::Ok) and [`UsageMissing`](Verdict::UsageMissing) are successes: the answer is
/// complete; everything else counts as an error and enters no latency or token figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// A complete answer, with usage if it was due: HTTP 2xx, a finish reason for every choice, and `[DONE]` if streamed.
    Ok,
    /// A complete answer without the token counts that were due. Its tokens are unknown, never guessed.
    UsageMissing,
    /// An HTTP status outside 2xx.
    Error,
    /// HTTP 2xx with an error object in the body or in the stream, or a finish reason that says `error`.
    ErrorInBand,
    /// The answer ends early: no `[DONE]`, no finish reason, `abort`, half a JSON body, or a lost connection.
    Truncated,
    /// The whole-request time-out passed.
    Timeout,
    /// The body began and then was silent for longer than the stall time-out.
    Stalled,
    /// Not what the protocol says: another content type, no JSON, data after `[DONE]`, token counts that go back.
    ProtocolViolation,
    /// No connection, or one that was lost before the response's headers.
    ConnectError,
}

impl Verdict {
    /// Whether the request returned a complete answer: `ok` in the seed schema.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Ok | Self::UsageMissing)
    }

    /// The word used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::UsageMissing => "usage_missing",
            Self::Error => "error",
            Self::ErrorInBand => "error_in_band",
            Self::Truncated => "truncated",
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::ProtocolViolation => "protocol_violation",
            Self::ConnectError => "connect_error",
        }
    }
}
