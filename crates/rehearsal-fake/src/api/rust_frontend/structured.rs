//! What the answer's text has to look like: `response_format` and `structured_outputs`.

use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{context::Context, structured::Structured},
    refusal::Refusal,
};
use crate::{engine::SamplingParams, structured::Constraint};

/// `response_format`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: JsonSchemaFormat },
    StructuralTag {},
}

/// The schema of a `json_schema` format.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "name, description and strictness are read for their type")]
pub(super) struct JsonSchemaFormat {
    name: String,
    description: Option<String>,
    #[serde(alias = "json_schema")]
    schema: Value,
    strict: Option<bool>,
}

/// `structured_outputs`, of which one constraint may be there.
#[derive(Clone, Debug, Deserialize)]
struct StructuredOutputs {
    json: Option<Value>,
    regex: Option<String>,
    choice: Option<Vec<String>>,
    grammar: Option<String>,
    json_object: Option<bool>,
    structural_tag: Option<String>,
}

/// Compiles the constraint. One that is none is noticed only in the engine, which then lets nothing but the end come.
pub(super) fn compiled(
    context: &Context,
    constraint: Option<Constraint>,
    sampling: &mut SamplingParams,
) -> Option<Structured> {
    let compiled = Structured::compile(context, &constraint?, None).ok();
    if compiled.is_none() {
        sampling.allowed_token_ids = Some(context.app.tokenizer.eos_token_ids().iter().copied().take(1).collect());
    }
    compiled
}

/// The constraint of a chat. `structured_outputs` is looked at first, as vLLM does.
pub(super) fn of_chat(format: Option<&ResponseFormat>, outputs: Option<&Value>) -> Result<Option<Constraint>, Refusal> {
    match outputs {
        Some(outputs) => of_outputs(outputs),
        None => format.map_or(Ok(None), of_format),
    }
}

/// The constraint of a completion, whose format has not been read yet.
pub(super) fn of_completion(format: Option<&Value>, outputs: Option<&Value>) -> Result<Option<Constraint>, Refusal> {
    let read = |format: &Value| {
        ResponseFormat::deserialize(format)
            .map_err(|error| Refusal::field("response_format", format!("invalid response_format: {error}")))
    };
    let format = if outputs.is_some() { None } else { format.map(read).transpose()? };
    of_chat(format.as_ref(), outputs)
}

fn of_format(format: &ResponseFormat) -> Result<Option<Constraint>, Refusal> {
    Ok(match format {
        ResponseFormat::JsonObject => Some(Constraint::JsonObject),
        ResponseFormat::JsonSchema { json_schema } if json_schema.schema.is_null() => {
            const NONE: &str = "You must use one kind of structured outputs constraint but none are specified";
            return Err(Refusal::field("response_format", NONE));
        }
        ResponseFormat::JsonSchema { json_schema } => Some(Constraint::Json(json_schema.schema.clone())),
        // the text before its triggers is free
        ResponseFormat::Text | ResponseFormat::StructuralTag { .. } => None,
    })
}

fn of_outputs(outputs: &Value) -> Result<Option<Constraint>, Refusal> {
    let refused =
        |message: String| Refusal::field("structured_outputs", format!("invalid structured_outputs: {message}"));
    let wrong = |message: &str| refused(format!("invalid structured outputs params: {message}"));
    let outputs = StructuredOutputs::deserialize(outputs).map_err(|error| refused(error.to_string()))?;
    if outputs.json_object == Some(false) {
        return Err(wrong(
            "structured_outputs.json_object must be true if set; omit structured_outputs to disable structured outputs",
        ));
    }
    let given = [
        ("json", outputs.json.map(Constraint::Json).map(Some)),
        ("regex", outputs.regex.map(Constraint::Regex).map(Some)),
        ("choice", outputs.choice.map(Constraint::Choice).map(Some)),
        ("grammar", outputs.grammar.map(Constraint::Grammar).map(Some)),
        ("json_object", outputs.json_object.map(|_| Some(Constraint::JsonObject))),
        ("structural_tag", outputs.structural_tag.map(|_| None)),
    ];
    let mut given = given.into_iter().filter_map(|(name, constraint)| Some((name, constraint?)));
    match (given.next(), given.next()) {
        (Some((_, constraint)), None) => Ok(constraint),
        (Some((first, _)), Some((second, _))) => {
            Err(wrong(&format!("multiple structured output constraints specified: {first}, {second}")))
        }
        (None, _) => Err(wrong("no structured output constraint specified")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Recorded.
    #[test]
    fn two_constraints_are_named() {
        let message = "invalid structured_outputs: invalid structured outputs params: multiple structured output constraints specified: regex, choice";
        let outputs = json!({"regex": "[0-9]{3}", "choice": ["a"]});
        assert_eq!(of_chat(None, Some(&outputs)), Err(Refusal::field("structured_outputs", message)));
        assert_eq!(of_chat(None, Some(&json!({"regex": "a"}))), Ok(Some(Constraint::Regex("a".to_owned()))));
    }

    /// Recorded.
    #[test]
    fn a_completion_reads_its_format_late() {
        let message = "invalid response_format: missing field `json_schema`";
        let format = json!({"type": "json_schema"});
        assert_eq!(of_completion(Some(&format), None), Err(Refusal::field("response_format", message)));
        assert_eq!(of_completion(Some(&json!({"type": "text"})), None), Ok(None));
    }
}
