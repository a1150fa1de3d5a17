//! A whole HTTP answer as it came.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How an answer's body ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BodyEnd {
    /// By itself.
    Complete,
    /// The connection was lost.
    Lost {
        /// What the transport said.
        error: String,
    },
    /// The target's time limit passed.
    TimedOut,
    /// The target's size limit was reached.
    TooLong,
    /// The case had enough, and closed the connection.
    HungUp,
}

/// A whole HTTP answer: status, headers in order, body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and values; bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub body: Bytes,
    /// How it ended.
    pub end: BodyEnd,
}

impl Answer {
    /// The first header of this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The media type without parameters, in lower case: `text/event-stream`.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }

    /// The body as one JSON value.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer in a few words, for a finding.
    #[must_use]
    pub fn summary(&self) -> String {
        let text = self.text();
        let mut shown: String = text.chars().take(200).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        format!("HTTP {} {} {shown:?}", self.status, self.media_type().unwrap_or_else(|| "without content type".into()))
    }
}
