//! Tools of a response: as the answer repeats them, and as the chat template gets them.

use serde_json::{Value, json};

use crate::{
    api::object::shaped,
    version::{ResponsesTools, ShapeName, Wire},
};

/// The tools as the answer repeats them: with all fields of the type.
pub(super) fn echoed(wire: &Wire, tools: &[Value]) -> Vec<Value> {
    tools.iter().map(|tool| if is_function(tool) { whole(wire, tool) } else { tool.clone() }).collect()
}

/// The tools as those of a chat.
pub(super) fn chat_tools(wire: &Wire, tools: &[Value]) -> Vec<Value> {
    let function = |tool: &Value| match wire.features.responses_tools {
        ResponsesTools::Whole => whole(wire, tool),
        ResponsesTools::AsChat => {
            let mut function = tool.as_object().cloned().unwrap_or_default();
            function
                .retain(|key, value| ["name", "description", "parameters"].contains(&key.as_str()) && !value.is_null());
            function.into()
        }
    };
    let functions = tools.iter().filter(|tool| is_function(tool));
    functions.map(|tool| json!({"type": "function", "function": function(tool)})).collect()
}

/// `tool_choice` as that of a chat.
pub(super) fn chat_tool_choice(choice: &Value) -> Value {
    match choice.get("name") {
        Some(name) if choice.get("type").is_some_and(|kind| kind == "function") => {
            json!({"type": "function", "function": {"name": name}})
        }
        _ => choice.clone(),
    }
}

fn is_function(tool: &Value) -> bool {
    tool.get("type").is_some_and(|kind| kind == "function")
}

fn whole(wire: &Wire, tool: &Value) -> Value {
    let member = |key: &str| tool.get(key).cloned().unwrap_or_default();
    shaped(
        wire,
        ShapeName::ResponsesTool,
        [
            ("name", member("name")),
            ("parameters", member("parameters")),
            ("strict", member("strict")),
            ("type", "function".into()),
            ("allowed_callers", member("allowed_callers")),
            ("async", member("async")),
            ("async_", member("async")),
            ("defer_loading", member("defer_loading")),
            ("description", member("description")),
            ("output_schema", member("output_schema")),
        ],
    )
}
