//! Messages of a chat as JSON: the parts of a reply under the keys of the version answered as.

use serde_json::{Map, Value, json};

use super::context::Context;
use crate::{
    tools::{CallDelta, MessageDelta, Slot, ToolCall},
    version::{ShapeName, Wire},
};

/// The delta of a chunk: what was set, be it null, in the order of the version's keys.
pub(super) fn delta_json(context: &Context, delta: MessageDelta) -> Value {
    let calls: Vec<Value> = delta.tool_calls.into_iter().map(|call| call_delta_json(context, call)).collect();
    let set = |slot: &Slot| match slot {
        Slot::Absent => None,
        Slot::Null => Some(Value::Null),
        Slot::Text(text) => Some(text.as_str().into()),
    };
    let mut object = Map::new();
    for slot in &context.wire.shapes.get(ShapeName::ChatDelta).slots {
        let value = match slot.key.as_str() {
            "content" => set(&delta.content),
            "reasoning" => set(&delta.reasoning),
            // the older name of the same text, which its versions always write
            "reasoning_content" => Some(set(&delta.reasoning).unwrap_or_default()),
            "tool_calls" => (!calls.is_empty()).then(|| calls.clone().into()),
            _ => None,
        };
        if let Some(value) = value {
            object.insert(slot.key.clone(), value);
        }
    }
    Value::Object(object)
}

fn call_delta_json(context: &Context, call: CallDelta) -> Value {
    let mut object = Map::new();
    if call.opens {
        object.insert("id".to_owned(), context.tool_call_id().into());
        object.insert("type".to_owned(), "function".into());
    }
    object.insert("index".to_owned(), call.index.into());
    let mut function = Map::new();
    match call.name {
        Slot::Absent => {}
        Slot::Null => drop(function.insert("name".to_owned(), Value::Null)),
        Slot::Text(name) => drop(function.insert("name".to_owned(), name.into())),
    }
    if let Some(arguments) = call.arguments {
        function.insert("arguments".to_owned(), arguments.into());
    }
    object.insert("function".to_owned(), Value::Object(function));
    Value::Object(object)
}

/// `tool_calls` of a whole message; null where the version leaves out an empty list.
pub(super) fn calls_json(context: &Context, calls: &[ToolCall]) -> Value {
    if calls.is_empty() && omits_no_calls(&context.wire) {
        return Value::Null;
    }
    let one = |call: &ToolCall| {
        json!({
            "id": context.tool_call_id(),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        })
    };
    calls.iter().map(one).collect()
}

fn omits_no_calls(wire: &Wire) -> bool {
    wire.shapes.get(ShapeName::ChatMessage).slots.iter().any(|slot| slot.key == "tool_calls" && slot.omit_null)
}
