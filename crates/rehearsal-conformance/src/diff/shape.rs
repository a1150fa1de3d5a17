//! What of an answer does not change from run to run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{comparison::Topic, gathered::Seen, pinned::is_pinned, words};
use crate::exchange::{SeenResponse, SentRequest};

/// Headers whose values say something about the server, and not about the moment.
const HEADERS_OF_VALUE: [&str; 4] = ["content-type", "server", "cache-control", "vary"];

/// Headers that say nothing.
const HEADERS_OF_TRANSPORT: [&str; 4] = ["date", "content-length", "transfer-encoding", "connection"];

/// Values that are the server's choice of words or arithmetic, by the last key of their path.
const COMPARED: [&str; 10] =
    ["object", "owned_by", "role", "type", "param", "code", "prompt_tokens", "input_tokens", "count", "status"];

/// The same, where the request alone decides how long the answer is.
const COMPARED_IF_PINNED: [&str; 6] =
    ["finish_reason", "stop_reason", "completion_tokens", "total_tokens", "output_tokens", "reasoning_tokens"];

/// Counts of which only zero and more are told apart: what was cached depends on what the server was asked before.
const COMPARED_WITH_ZERO: [&str; 3] = ["cached_tokens", "cache_read_input_tokens", "multimodal_tokens"];

/// Where a fact is: the part of the answer, and the fact's name, such as `choices[].finish_reason`.
type Place = (String, String);

/// What is known of one answer.
#[derive(Debug, Default)]
pub(super) struct Shape {
    facts: BTreeMap<Place, (Topic, String)>,
    /// Whether the finish reason of a stream came in a chunk of its own.
    pub(super) finish_alone: Option<bool>,
    pub(super) pinned: bool,
}

impl Shape {
    pub(super) fn of(request: &SentRequest, response: &SeenResponse) -> Self {
        let mut shape = Self { pinned: is_pinned(request), ..Self::default() };
        for (name, value) in &response.headers {
            let said = if HEADERS_OF_VALUE.contains(&name.as_str()) { value.as_str() } else { "sent" };
            if !HEADERS_OF_TRANSPORT.contains(&name.as_str()) {
                shape.say("", Topic::Headers, format!("header `{name}`"), said.to_owned());
            }
        }
        if request.path.starts_with("/metrics") {
            return shape;
        }
        let streams =
            response.headers.iter().any(|(name, value)| name == "content-type" && value.contains("event-stream"));
        match serde_json::from_str::<Value>(&response.body) {
            _ if streams => shape.stream(request, &response.body),
            Ok(body) if response.status < 400 => shape.members("", Topic::Answers, "", &body),
            Ok(body) => {
                if let Some(message) = words::message(&response.body) {
                    shape.say("", Topic::Errors, "message".to_owned(), words::quoted(&message));
                }
                shape.members("", Topic::Errors, "", &body);
            }
            Err(_) => {
                let said = if response.body.is_empty() { "empty" } else { "text" };
                shape.say("", Topic::Answers, "body".to_owned(), said.to_owned());
            }
        }
        shape
    }

    /// What one has and the other has not, or has otherwise.
    pub(super) fn differences(&self, other: &Self) -> Vec<Seen> {
        let mut places: Vec<&Place> = self.facts.keys().chain(other.facts.keys()).collect();
        places.sort_unstable();
        places.dedup();
        let said = |shape: &Self, place: &Place| match shape.facts.get(place) {
            Some((_, said)) => said.clone(),
            None if place.1 == "message" => "none".to_owned(),
            None => "absent".to_owned(),
        };
        places
            .into_iter()
            .filter(|place| self.could_have(place) && other.could_have(place))
            // whether usage comes with a chunk is told with the options that ask for it
            .filter(|place| !(place.1 == "usage" && [self, other].iter().any(|shape| said(shape, place) == "present")))
            .filter_map(|place| {
                let (topic, _) = self.facts.get(place).or_else(|| other.facts.get(place))?;
                let (before, after) = (said(self, place), said(other, place));
                let (what, before, after) = words::change(&place.1, before, after);
                (before != after).then_some(Seen { topic: *topic, part: place.0.clone(), what, before, after })
            })
            .collect()
    }

    /// A key whose parent is gone is no difference of its own, nor is a key of a chunk that does not come.
    fn could_have(&self, (part, name): &Place) -> bool {
        let has = |name: &str| self.facts.get(&(part.clone(), name.to_owned()));
        let comes = part.is_empty() || self.facts.keys().any(|(known, _)| known == part);
        let parent = name.rsplit_once('.').map(|(parent, _)| parent.trim_end_matches("[]"));
        comes && parent.is_none_or(|parent| has(parent).is_some_and(|(_, said)| said != "null" && said != "[]"))
    }

    pub(super) fn say(&mut self, part: &str, topic: Topic, name: String, said: String) {
        let known = self.facts.entry((part.to_owned(), name)).or_insert_with(|| (topic, said.clone()));
        // of several choices or chunks the one that says most counts
        if known.1 == "null" || known.1 == "[]" {
            known.1 = said;
        }
    }

    /// The members of an object and all that is below, as facts.
    pub(super) fn members(&mut self, part: &str, topic: Topic, path: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    // an object keyed by token, or by anything else of the request's, is one shape
                    let name = if path.ends_with("top_logprobs[]") { "*" } else { name.as_str() };
                    let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                    let topic = if name == "usage" { Topic::Usage } else { topic };
                    if let Some(said) = self.said(part, name, member) {
                        self.say(part, topic, below.clone(), said);
                    }
                    self.members(part, topic, &below, member);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.members(part, topic, &format!("{path}[]"), item);
                }
            }
            _ => {}
        }
    }

    fn said(&self, part: &str, name: &str, value: &Value) -> Option<String> {
        // how far a stream is when a chunk comes is chance
        let is_chunk = part.ends_with("chunk") && part != "usage chunk";
        let is_end = !is_chunk || part == "last chunk";
        Some(match value {
            Value::Null => "null".to_owned(),
            Value::Array(items) if items.is_empty() => "[]".to_owned(),
            Value::Object(_) | Value::Array(_) => "present".to_owned(),
            // which of several choices or prompts comes first is chance
            Value::Number(_) if name.ends_with("_tokens") && is_chunk => "present".to_owned(),
            value if COMPARED.contains(&name) => value.to_string(),
            value if COMPARED_IF_PINNED.contains(&name) && is_end && self.pinned => value.to_string(),
            Value::Number(count) if COMPARED_WITH_ZERO.contains(&name) => {
                if count.as_u64() == Some(0) { "0" } else { "more than 0" }.to_owned()
            }
            // null or a reason depends on how far the answer is
            _ if COMPARED_IF_PINNED.contains(&name) && !self.pinned => return None,
            _ => "present".to_owned(),
        })
    }
}
