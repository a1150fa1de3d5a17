//! What of an answer does not change from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::words;
use crate::{
    exchange::{SeenResponse, SentRequest},
    raw::{Event, RawStream},
};

/// Headers whose values say something about the server, and not about the moment.
const HEADERS_OF_VALUE: [&str; 4] = ["content-type", "server", "cache-control", "vary"];

/// Headers that say nothing.
const HEADERS_OF_TRANSPORT: [&str; 4] = ["date", "content-length", "transfer-encoding", "connection"];

/// Values that are the server's choice of words or arithmetic, by the last key of their path.
const COMPARED: [&str; 14] = [
    "object",
    "owned_by",
    "finish_reason",
    "stop_reason",
    "role",
    "type",
    "param",
    "code",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "count",
];

/// The kind of request, as differences are grouped by: `chat stream`, `/tokenize`.
pub(super) fn kind(request: &SentRequest) -> String {
    let name = match request.path.as_str() {
        "/v1/chat/completions" => "chat",
        "/v1/completions" => "completions",
        path => path.split('?').next().unwrap_or(path),
    };
    let streams = request.body.as_ref().and_then(|body| body.get("stream")).and_then(Value::as_bool) == Some(true);
    if streams { format!("{name} stream") } else { name.to_owned() }
}

/// Headers, keys by path, and the values that are compared.
#[derive(Debug, Default)]
pub(super) struct Shape {
    facts: BTreeMap<String, String>,
}

impl Shape {
    pub(super) fn of(response: &SeenResponse) -> Self {
        let mut shape = Self::default();
        for (name, value) in &response.headers {
            if HEADERS_OF_VALUE.contains(&name.as_str()) {
                shape.say(format!("header {name}"), value);
            } else if !HEADERS_OF_TRANSPORT.contains(&name.as_str()) {
                shape.say(format!("header {name}"), "present");
            }
        }
        let is_error = 400 <= response.status;
        match serde_json::from_str::<Value>(&response.body) {
            _ if shape.facts.get("header content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) => {
                shape.stream(&RawStream::read(response.body.as_bytes()));
            }
            Ok(body) => {
                if let Some(message) = words::message(&response.body).filter(|_| is_error) {
                    shape.say("message", &words::cut(&message));
                }
                shape.value("", &body);
            }
            Err(_) if response.body.is_empty() => shape.say("body", "empty"),
            Err(_) => shape.say("body", "text"),
        }
        shape
    }

    /// What one has and the other has not, or has otherwise: what, before, after.
    pub(super) fn differences(&self, other: &Self) -> Vec<(String, String, String)> {
        let absent = "absent".to_owned();
        let mut names: Vec<&String> = self.facts.keys().chain(other.facts.keys()).collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            // a key whose parent is gone is not a difference of its own
            .filter(|name| self.has_parent(name) && other.has_parent(name))
            .filter_map(|name| {
                let (was, is) = (self.facts.get(name).unwrap_or(&absent), other.facts.get(name).unwrap_or(&absent));
                (was != is).then(|| (name.clone(), was.clone(), is.clone()))
            })
            .collect()
    }

    fn has_parent(&self, name: &str) -> bool {
        let parent = name.rsplit_once(['.', ' ']).map(|(parent, _)| parent.trim_end_matches("[]"));
        let is_path = name.contains("key ") && name.contains('.');
        // nor is a key of a chunk that does not come
        let of_chunk = name.split_once(": ").filter(|(place, _)| place.ends_with("chunk") || place.ends_with("event"));
        let comes = of_chunk.is_none_or(|(place, _)| self.facts.contains_key(place));
        comes && (!is_path || parent.is_none_or(|parent| self.facts.get(parent).is_some_and(|said| said != "null")))
    }

    fn say(&mut self, name: impl Into<String>, value: &str) {
        self.facts.insert(name.into(), value.to_owned());
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    // an object keyed by token, or by anything else of the request's, is one shape
                    let below =
                        if path.ends_with("top_logprobs[]") { format!("{path}.*") } else { format!("{path}.{name}") };
                    self.key(&below, name, member);
                    self.value(&below, member);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.value(&format!("{path}[]"), item);
                }
            }
            _ => {}
        }
    }

    fn key(&mut self, path: &str, name: &str, value: &Value) {
        let said = match value {
            Value::Null => "null".to_owned(),
            value if COMPARED.contains(&name) && !value.is_object() => value.to_string(),
            Value::Array(items) if items.is_empty() => "[]".to_owned(),
            _ => "present".to_owned(),
        };
        let key = format!("key {}", path.trim_start_matches('.'));
        // of several choices or chunks the one that says most counts
        let known = self.facts.get(&key).map(String::as_str);
        if known.is_none_or(|known| known == "null" || known == "[]") {
            self.facts.insert(key, said);
        }
    }

    fn stream(&mut self, stream: &RawStream) {
        let chunks: Vec<&Value> = stream.chunks().collect();
        let has_choices = |chunk: &&&Value| chunk["choices"].as_array().is_some_and(|choices| !choices.is_empty());
        let with_usage = |chunk: &&&Value| chunk["usage"].is_object();
        let (of_choices, usage_alone) = (
            chunks.iter().filter(has_choices).count(),
            chunks.iter().filter(|chunk| !has_choices(chunk)).filter(with_usage).count(),
        );
        let carrying = chunks.iter().filter(has_choices).filter(with_usage).count();
        self.say("usage at the end", if usage_alone == 0 { "none" } else { "a chunk" });
        self.say(
            "usage on choice chunks",
            match carrying {
                0 => "none",
                all if all == of_choices => "all",
                _ => "some",
            },
        );
        let finish_alone = chunks.iter().any(|chunk| {
            let choice = &chunk["choices"][0];
            !choice["finish_reason"].is_null()
                && (choice["delta"].as_object().is_some_and(serde_json::Map::is_empty) || choice["text"] == "")
                && 2 < chunks.len()
        });
        self.say("finish reason", if finish_alone { "in a chunk of its own" } else { "on the last text" });
        let done = matches!(stream.events.last(), Some(Event::Done));
        self.say("end", if done { "[DONE]" } else { "without [DONE]" });
        for chunk in chunks {
            let place = if !chunk["error"].is_null() {
                "error event"
            } else if chunk["choices"].as_array().is_some_and(Vec::is_empty) {
                "usage chunk"
            } else if chunk["choices"][0]["delta"]["role"].is_string() {
                "first chunk"
            } else if chunk["choices"][0]["finish_reason"].is_null() {
                "chunk"
            } else {
                "last chunk"
            };
            self.facts.entry(place.to_owned()).or_insert_with(|| "present".to_owned());
            let mut of_chunk = Self::default();
            of_chunk.value("", chunk);
            for (name, said) in of_chunk.facts {
                let counts = ["_tokens", "finish_reason"].iter().any(|end| name.ends_with(end))
                    && place != "usage chunk"
                    && place != "last chunk";
                self.facts.entry(format!("{place}: {name}")).or_insert(if counts && said != "null" {
                    "present".into()
                } else {
                    said
                });
            }
        }
    }
}
