//! U-70 … U-76: reasoning and tool calls. Parsing changes how a text is shown, never how it is counted.
//!
//! Whether a model thinks or calls a tool is its own will. The requests ask for it in words, and in the marks `[[think]]` and `[[tool]]` that
//! the project's own tiny model obeys; where nothing is thought or called, nothing is judged.

mod called;
mod called_stream;
mod hidden_reasoning;
mod reasoning_continuous;
mod reasoning_count;
mod reasoning_untold;
mod tools_unchosen;

use serde_json::{Value, json};

use crate::{
    check::{Check, Feature, Need},
    raw::{RawStream, usage_of},
    session::{Session, Stop},
    target::ServerFlag,
};

pub(super) const CHECKS: [Check; 7] = [
    reasoning_count::CHECK,
    reasoning_continuous::CHECK,
    reasoning_untold::CHECK,
    hidden_reasoning::CHECK,
    called::CHECK,
    called_stream::CHECK,
    tools_unchosen::CHECK,
];

/// What a case about reasoning needs.
const REASONS: &[Need] = &[Need::Feature(Feature::Chat), Need::Started(ServerFlag::ReasoningParser)];

/// What a case about tool calls needs.
const CALLS: &[Need] = &[Need::Feature(Feature::Chat), Need::Started(ServerFlag::EnableAutoToolChoice)];

/// The keys that hold reasoning: `reasoning_content` until 0.16, `reasoning` since 0.11.2.
const REASONING_KEYS: [&str; 2] = ["reasoning", "reasoning_content"];

/// A request to think.
fn thinking(s: &Session<'_>) -> Value {
    let text = format!("{} Think about it step by step, then answer. [[think]]", s.prompt_text());
    json!({"messages": [{"role": "user", "content": text}], "max_tokens": 40})
}

/// A request with one tool to call.
fn with_tool(s: &Session<'_>) -> Value {
    let text = format!("{} What is the weather in Berlin? Call the tool. [[tool]]", s.prompt_text());
    let parameters = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
        "required": ["city", "unit"],
    });
    let tool = json!({"type": "function", "function": {"name": "get_weather", "parameters": parameters}});
    json!({"messages": [{"role": "user", "content": text}], "max_tokens": 120, "tools": [tool]})
}

/// The first choice's message of a whole answer.
fn message(body: &Value) -> &Value {
    body.pointer("/choices/0/message").unwrap_or(&Value::Null)
}

/// The reasoning of a message or delta; empty where there is none.
fn reasoning(message: &Value) -> &str {
    REASONING_KEYS.iter().find_map(|key| message.get(key)?.as_str().filter(|text| !text.is_empty())).unwrap_or_default()
}

/// All the reasoning of a stream's first choice.
fn streamed_reasoning(stream: &RawStream) -> String {
    stream
        .choices()
        .filter(|(index, _)| *index == 0)
        .filter_map(|(_, choice)| choice.get("delta"))
        .map(reasoning)
        .collect()
}

/// `reasoning_tokens` of a body's or chunk's usage; `None` where it is not told.
fn reasoning_tokens(body: &Value) -> Option<u64> {
    usage_of(body)?.pointer("/completion_tokens_details/reasoning_tokens")?.as_u64()
}

/// Ends a case that is about reasoning where there was none.
fn thought(reasoning: &str) -> Result<(), Stop> {
    if reasoning.is_empty() {
        return Err(Stop::Inconclusive("the model did not think, or the parser did not see it".into()));
    }
    Ok(())
}
