//! Output items of a response: messages, thoughts, calls of functions.

use serde_json::{Value, json};

use crate::{
    api::{context::Context, object::shaped, said::Said},
    version::{ResponsesStream, ShapeName, Wire},
};

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Completed,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// A message of the assistant.
pub(super) fn message(id: &str, content: &[Value], status: Status) -> Value {
    json!({"id": id, "content": content, "role": "assistant", "status": status.word(), "type": "message", "phase": null})
}

/// The text in a message.
pub(super) fn text_part(text: &str, logprobs: &Value) -> Value {
    json!({"annotations": [], "text": text, "type": "output_text", "logprobs": logprobs})
}

/// What the model thought. A whole answer says no status, as it belongs to the last item only.
pub(super) fn reasoning(id: &str, text: Option<&str>, status: Option<Status>) -> Value {
    let content = text.map(|text| vec![reasoning_part(text)]);
    let status = status.map(Status::word);
    json!({"id": id, "summary": [], "type": "reasoning", "content": content, "encrypted_content": null, "status": status})
}

/// The text of a thought.
pub(super) fn reasoning_part(text: &str) -> Value {
    json!({"text": text, "type": "reasoning_text"})
}

/// The call of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FunctionCall {
    pub(super) id: String,
    pub(super) call_id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

impl FunctionCall {
    /// The item.
    pub(super) fn item(&self, wire: &Wire, status: Status) -> Value {
        shaped(
            wire,
            ShapeName::ResponsesCall,
            [
                ("arguments", self.arguments.as_str().into()),
                ("call_id", self.call_id.as_str().into()),
                ("name", self.name.as_str().into()),
                ("type", "function_call".into()),
                ("id", self.id.as_str().into()),
                ("status", status.word().into()),
            ],
        )
    }
}

/// The items of a whole reply.
pub(super) fn whole(context: &Context, said: &Said, logprobs: &Value) -> Vec<Value> {
    let mut items = Vec::new();
    if let Some(thought) = said.reasoning.as_deref().filter(|thought| !thought.is_empty()) {
        items.push(reasoning(&format!("rs_{}", context.new_id()), Some(thought), None));
    }
    if let Some(text) = said.content.as_deref().filter(|text| !text.is_empty()) {
        let id = format!("msg_{}", context.new_id());
        items.push(message(&id, &[text_part(text, logprobs)], Status::Completed));
    }
    for call in &said.calls {
        let call = FunctionCall {
            id: format!("fc_{}", context.new_id()),
            call_id: call_id(context, call.id.as_deref()),
            name: call.name.clone().unwrap_or_default(),
            arguments: call.arguments.clone(),
        };
        items.push(call.item(&context.wire, Status::Completed));
    }
    if items.is_empty() && context.features().responses_stream == ResponsesStream::ItemByItem {
        items.push(message(&format!("msg_{}", context.new_id()), &[], Status::Completed));
    }
    items
}

/// The id by which the result of a call is given back: the chat's, or one of its own in old versions.
pub(super) fn call_id(context: &Context, chat_id: Option<&str>) -> String {
    match (context.features().responses_stream, chat_id) {
        (ResponsesStream::ItemByItem, Some(id)) => id.to_owned(),
        _ => format!("call_{}", context.new_id()),
    }
}
