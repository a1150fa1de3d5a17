//! A whole message.

use serde_json::{Map, Value, json};

use super::usage::messages_usage;
use crate::{
    api::{choice::Choice, context::Context, error::ApiError, generation::Generation, said::Said, usage_json::Place},
    tools::Reading,
    version::{MessagesContent, StopSequence},
};

/// The body of the answer; what it does not have is left out.
pub(super) fn whole(
    context: &Context,
    id: &str,
    generation: &Generation,
    reading: &Reading,
) -> Result<Value, ApiError> {
    let Some(choice) = generation.choices.first() else { return Ok(Value::Null) };
    let said = Said::whole(context, reading, choice)?;
    let mut message = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            message.insert(key.to_owned(), value);
        }
    };
    put("id", id.into());
    put("type", "message".into());
    put("role", "assistant".into());
    put("content", content(context, &said).into());
    put("model", generation.model.as_str().into());
    let (reason, sequence) = stop(context, choice, !said.calls.is_empty());
    put("stop_reason", reason);
    put("stop_sequence", sequence);
    put("usage", messages_usage(context, Place::Whole, &generation.usage(0)));
    Ok(message.into())
}

fn content(context: &Context, said: &Said) -> Vec<Value> {
    let text = |text: &str| json!({"type": "text", "text": text});
    let written = said.content.as_deref().filter(|text| !text.is_empty());
    let mut blocks = match context.features().messages_content {
        MessagesContent::TextFirst => vec![text(written.unwrap_or_default())],
        MessagesContent::Blocks => {
            let thought = said.reasoning.as_deref().filter(|thought| !thought.is_empty());
            let thinking = thought
                .map(|thought| json!({"type": "thinking", "thinking": thought, "signature": signature(context)}));
            thinking.into_iter().chain(written.map(text)).collect()
        }
    };
    for call in &said.calls {
        let input: Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!({}));
        blocks.push(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input}));
    }
    if blocks.is_empty() {
        blocks.push(text(""));
    }
    blocks
}

/// Thoughts are signed with 32 random digits, which nobody checks.
pub(super) fn signature(context: &Context) -> String {
    format!("{:0>16}{:0>16}", context.new_id(), context.new_id())
}

/// `stop_reason` and `stop_sequence`.
pub(super) fn stop(context: &Context, choice: &Choice, calls_tools: bool) -> (Value, Value) {
    let finish = choice.finish_reason();
    let sequence = choice.stop_reason();
    let names = context.features().messages_stop_sequence == StopSequence::Named;
    match finish.as_str() {
        Some("stop") if calls_tools => ("tool_use".into(), Value::Null),
        Some("stop") if names && sequence.is_string() => ("stop_sequence".into(), sequence),
        Some("stop") => ("end_turn".into(), Value::Null),
        Some("length") => ("max_tokens".into(), Value::Null),
        _ => (Value::Null, Value::Null),
    }
}
