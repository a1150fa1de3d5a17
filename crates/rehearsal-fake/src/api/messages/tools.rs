//! Tools of a message as tools of a chat.

use serde_json::{Map, Value, json};

/// The tools of a chat.
pub(super) fn chat_tools(tools: &[Value]) -> Vec<Value> {
    tools.iter().map(chat_tool).collect()
}

fn chat_tool(tool: &Value) -> Value {
    let mut schema = tool.get("input_schema").and_then(Value::as_object).cloned().unwrap_or_default();
    if !schema.contains_key("type") {
        schema.insert("type".to_owned(), "object".into());
    }
    let mut function = Map::new();
    function.insert("name".to_owned(), tool.get("name").cloned().unwrap_or_default());
    if let Some(description) = tool.get("description").filter(|description| !description.is_null()) {
        function.insert("description".to_owned(), description.clone());
    }
    function.insert("parameters".to_owned(), schema.into());
    json!({"type": "function", "function": function})
}

/// `tool_choice` of a chat; `auto` when nothing is said.
pub(super) fn chat_tool_choice(choice: Option<&Value>) -> Value {
    let kind = choice.and_then(|choice| choice.get("type")).and_then(Value::as_str).unwrap_or("auto");
    match kind {
        "any" => "required".into(),
        "none" => "none".into(),
        "tool" => json!({"type": "function", "function": {"name": choice.and_then(|choice| choice.get("name"))}}),
        _ => "auto".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_one_of_an_object_unless_it_says_otherwise() {
        let tools = json!([{"name": "f", "input_schema": {"properties": {}}, "description": null}]);
        let expect = json!([{"type": "function", "function": {"name": "f", "parameters": {"properties": {}, "type": "object"}}}]);
        assert_eq!(Value::from(chat_tools(tools.as_array().unwrap())), expect);
    }

    #[test]
    fn choices_have_other_names_in_a_chat() {
        for (choice, expect) in [
            (Value::Null, json!("auto")),
            (json!({"type": "any"}), json!("required")),
            (json!({"type": "none"}), json!("none")),
            (json!({"type": "tool", "name": "f"}), json!({"type": "function", "function": {"name": "f"}})),
        ] {
            assert_eq!(chat_tool_choice(Some(&choice)), expect, "{choice}");
        }
    }
}
