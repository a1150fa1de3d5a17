//! A request as a case states it.

use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value};

/// The two generating endpoints that every case about `usage` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /v1/chat/completions`.
    Chat,
    /// `POST /v1/completions`.
    Completions,
}

impl Endpoint {
    /// Both, chat first.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Completions];

    /// The endpoint's path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
        }
    }

    /// The endpoint's name in findings.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
        }
    }
}

/// One request: method, path, headers and body, with nothing added but the target's key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a call does nothing until a session sends it"]
pub struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Payload,
    pub(crate) key: Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    None,
    Json(Value),
    Raw { content_type: &'static str, bytes: Bytes },
}

/// Whether a call carries the target's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    OfTarget,
    Withheld,
}

impl Call {
    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Payload::None)
    }

    /// `POST path` with a JSON body, its keys in the order given.
    pub fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, path, Payload::Json(body))
    }

    /// `POST path` with bytes that need not be JSON.
    pub fn post_raw(path: impl Into<String>, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, path, Payload::Raw { content_type, bytes: bytes.into() })
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Does not send the target's key.
    pub fn without_key(mut self) -> Self {
        self.key = Key::Withheld;
        self
    }

    fn new(method: Method, path: impl Into<String>, body: Payload) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body, key: Key::OfTarget }
    }
}

/// `base` with the members of `over` put in; a member that `over` sets to [`ABSENT`] is left out.
pub(crate) fn overlaid(base: Value, over: &Value) -> Value {
    let mut members = match base {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for (name, value) in over.as_object().into_iter().flatten() {
        if value.as_str() == Some(ABSENT) {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    Value::Object(members)
}

/// In a case's request: leave this member out, where the default request has it.
pub const ABSENT: &str = "\u{0}absent";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_overlay_replaces_adds_and_removes() {
        let base = json!({"model": "m", "temperature": 0, "seed": 1});
        let body = overlaid(base, &json!({"temperature": 1.0, "seed": ABSENT, "n": 2}));
        assert_eq!(body.to_string(), r#"{"model":"m","temperature":1.0,"n":2}"#);
    }
}
