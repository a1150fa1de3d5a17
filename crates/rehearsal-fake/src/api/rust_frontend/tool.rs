//! Tools, and which of them is to be called.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::refusal::Refusal;

/// A tool that the model may call.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Tool {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) function: Function,
}

/// A function as a tool.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Function {
    pub(super) name: String,
    /// Templates see a null where there is none.
    pub(super) description: Option<String>,
    pub(super) parameters: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Choices that are one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToolChoiceValue {
    Auto,
    Required,
    None,
}

/// `tool_choice`.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ToolChoice {
    Value(ToolChoiceValue),
    Function {
        #[serde(rename = "type")]
        kind: String,
        function: FunctionChoice,
    },
}

/// The function that is to be called.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct FunctionChoice {
    name: String,
}

/// What may be called, and what has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// Nothing: no tools, or none wanted.
    None,
    /// What the model likes.
    Auto,
    /// Some tool.
    Required,
    /// This one.
    Named(String),
}

/// Refuses tools that are no functions.
pub(super) fn only_functions(tools: &[Tool], param: &'static str) -> Result<(), Refusal> {
    if tools.iter().all(|tool| tool.kind == "function") {
        return Ok(());
    }
    Err(Refusal::field(param, "Only function tools are supported."))
}

/// What the choice comes to with these tools.
pub(super) fn calls(tools: &[Tool], choice: Option<&ToolChoice>) -> Result<Calls, Refusal> {
    let calls = match choice {
        None if tools.is_empty() => return Ok(Calls::None),
        None | Some(ToolChoice::Value(ToolChoiceValue::Auto)) => Calls::Auto,
        Some(ToolChoice::Value(ToolChoiceValue::None)) => return Ok(Calls::None),
        Some(ToolChoice::Value(ToolChoiceValue::Required)) => Calls::Required,
        Some(ToolChoice::Function { kind, function }) if kind == "function" => Calls::Named(function.name.clone()),
        Some(ToolChoice::Function { .. }) => {
            return Err(Refusal::field("tool_choice", "Only function tool_choice is supported."));
        }
    };
    match &calls {
        Calls::Named(name) if !tools.iter().any(|tool| tool.function.name == *name) => {
            Err(Refusal::invalid(format!("tool_choice function `{name}` was not found in the available tools")))
        }
        _ if tools.is_empty() => Err(Refusal::invalid("tool_choice requires at least one available tool")),
        _ => Ok(calls),
    }
}
