//! Small valid bodies with one or two members changed, drawn from the run's seed.

use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha12Rng;
use serde_json::{Value, json};

use crate::session::Session;

/// The bodies for one route.
pub(super) struct Bodies<'r> {
    valid: Value,
    members: &'r [String],
    random: ChaCha12Rng,
}

/// Members that stay as they are: another value asks for much work, or for another server's.
const KEPT: [&str; 3] = ["kv_transfer_params", "ec_transfer_params", "cache_salt"];

/// Members that bound the work: they take wrong values, but none that lifts the bound.
const BOUNDS: [&str; 4] = ["max_tokens", "max_completion_tokens", "max_output_tokens", "n"];

impl<'r> Bodies<'r> {
    pub(super) fn new(s: &Session<'_>, path: &str, members: &'r [String]) -> Self {
        Self { valid: valid(s, members), members, random: s.random(path) }
    }

    /// The next body.
    pub(super) fn next(&mut self) -> Value {
        let mut body = self.valid.clone();
        for _ in 0..self.random.random_range(1..=2) {
            let Some(name) = self.members.choose(&mut self.random) else { break };
            if KEPT.contains(&name.as_str()) {
                continue;
            }
            body[name] = value(&mut self.random, BOUNDS.contains(&name.as_str()));
        }
        body
    }
}

/// The members that every such request has, by the names that vLLM's schemas give them.
fn valid(s: &Session<'_>, members: &[String]) -> Value {
    let text = s.prompt_text();
    let values = [
        ("model", json!(s.facts().model)),
        ("messages", json!([{"role": "user", "content": text}])),
        ("prompt", json!(text)),
        ("input", json!(text)),
        ("tokens", json!([35, 36])),
        ("query", json!(text)),
        ("documents", json!([text])),
        ("text_1", json!(text)),
        ("text_2", json!([text])),
        ("temperature", json!(0)),
        ("max_tokens", json!(3)),
        ("max_output_tokens", json!(3)),
    ];
    let known = values.into_iter().filter(|(name, _)| members.iter().any(|member| member == name));
    // two routes take either of these, and one at a time
    let both = |name: &str| name == "prompt" && members.iter().any(|member| member == "messages");
    known.filter(|(name, _)| !both(name)).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A value of any type, none of it large, and no id below 0 inside a list: such a prompt kills the engine of 0.13.0 (recording
/// danger-prompt-token-ids-negative).
fn value(random: &mut ChaCha12Rng, bound: bool) -> Value {
    let values = [
        json!(-1),
        json!(0),
        json!(2),
        json!(1.5),
        json!(true),
        json!(false),
        json!(""),
        json!("x"),
        json!("\u{0}🚀"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([null]),
        json!(["x", 3]),
        json!({"x": {"x": []}}),
        json!({"type": "x"}),
        Value::Null,
    ];
    let last = if bound { values.len() - 1 } else { values.len() };
    values[random.random_range(0..last)].clone()
}
