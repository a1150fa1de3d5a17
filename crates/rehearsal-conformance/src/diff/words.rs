//! Requests, answers and differences in a few words.

use std::fmt;

use serde_json::Value;

use super::Difference;
use crate::exchange::{SeenResponse, SentRequest};

/// Members that every request has, or whose value says nothing.
const USUAL: [&str; 6] = ["model", "messages", "prompt", "temperature", "max_tokens", "seed"];

/// How much of a message or value is shown.
const SHOWN: usize = 160;

/// `POST /v1/chat/completions with stream_options: {}`: what is unusual about a request.
pub(super) fn request(request: &SentRequest) -> String {
    let headers = request.headers.iter().filter(|(name, _)| name != "authorization");
    let headers = headers.map(|(name, value)| format!(", {name}: {value}")).collect::<Vec<_>>().concat();
    let body = match &request.body {
        Some(Value::Object(members)) => {
            let of = |(name, value): (&String, &Value)| format!("{name}: {}", cut(&value.to_string()));
            let unusual = |name: &str| !USUAL.contains(&name);
            let mut parts: Vec<String> = members.iter().filter(|(name, _)| unusual(name)).map(of).collect();
            // where nothing else is unusual, the limit or the prompt is the point
            if parts.is_empty() {
                parts = members.iter().filter(|(name, _)| *name != "model").map(of).collect();
            }
            if parts.is_empty() { String::new() } else { format!(" with {}", parts.join(", ")) }
        }
        Some(other) => format!(" with the body {}", cut(&other.to_string())),
        None => String::new(),
    };
    format!("{} {}{headers}{body}", request.method, request.path)
}

/// `usage at the end with stream_options: {}`.
pub(super) fn with_options(what: &str, request: &SentRequest) -> String {
    match request.body.as_ref().and_then(|body| body.get("stream_options")) {
        Some(options) => format!("{what} with stream_options: {options}"),
        None => format!("{what} without stream_options"),
    }
}

/// `400 "message"`: a status and what an error says.
pub(super) fn answer(response: &SeenResponse) -> String {
    match message(&response.body) {
        Some(message) => format!("{} {:?}", response.status, cut(&message)),
        None => response.status.to_string(),
    }
}

/// The message of an error body.
pub(super) fn message(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let error = body.get("error").or_else(|| body.get("detail"))?;
    let message = error.get("message").unwrap_or(error);
    Some(message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}

/// On one line, and not longer than a reader wants.
pub(super) fn cut(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { about, what, before, after, cases } = self;
        write!(
            f,
            "{about}: {what}: {before} → {after} ({}",
            cases.iter().take(4).cloned().collect::<Vec<_>>().join(", ")
        )?;
        match cases.len() {
            0..=4 => f.write_str(")"),
            more => write!(f, " and {} more)", more - 4),
        }
    }
}
