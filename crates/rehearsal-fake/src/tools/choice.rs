//! `tool_choice`.

use serde_json::{Map, Value};

/// What a request says about calling tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ToolChoice {
    /// No tool is called; the default of a request without tools.
    #[default]
    None,
    /// The model decides; the default of a request with tools.
    Auto,
    /// An explicit null beside tools: read like [`ToolChoice::Auto`], but it does not ask for the flags of the server.
    Null,
    /// At least one tool is called.
    Required,
    /// This tool is called.
    Named(String),
}

impl ToolChoice {
    /// The choice of a body that has passed the checks (`ChatCompletionRequest.check_tool_usage`).
    pub(crate) fn of(body: &Map<String, Value>) -> Self {
        let has_tools = body.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty());
        match body.get("tool_choice") {
            None if has_tools => Self::Auto,
            Some(Value::Null) if has_tools => Self::Null,
            Some(Value::String(choice)) if choice == "auto" => Self::Auto,
            Some(Value::String(choice)) if choice == "required" && has_tools => Self::Required,
            Some(choice) => match choice.pointer("/function/name").and_then(Value::as_str) {
                Some(name) => Self::Named(name.to_owned()),
                None => Self::None,
            },
            None => Self::None,
        }
    }

    /// Whether calls are looked for in the text.
    pub(crate) fn is_automatic(&self) -> bool {
        matches!(self, Self::Auto | Self::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "literals read better without `&`")]
    fn check(body: Value, expect: ToolChoice) {
        assert_eq!(ToolChoice::of(body.as_object().unwrap()), expect);
    }

    #[test]
    fn tools_make_the_choice_automatic_unless_it_is_said() {
        let tools = json!([{"type": "function", "function": {"name": "f"}}]);
        check(json!({}), ToolChoice::None);
        check(json!({"tools": tools}), ToolChoice::Auto);
        check(json!({"tools": tools, "tool_choice": null}), ToolChoice::Null);
        check(json!({"tools": tools, "tool_choice": "none"}), ToolChoice::None);
        check(json!({"tools": tools, "tool_choice": "required"}), ToolChoice::Required);
        check(json!({"tools": [], "tool_choice": "required"}), ToolChoice::None);
        let named = json!({"type": "function", "function": {"name": "f"}});
        check(json!({"tools": tools, "tool_choice": named}), ToolChoice::Named("f".to_owned()));
    }
}
