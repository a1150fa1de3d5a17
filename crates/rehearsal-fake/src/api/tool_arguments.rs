//! The arguments of earlier tool calls, which clients send as a string of JSON and templates want as an object.

use serde_json::{Map, Value};

use super::{body::as_python, error::ApiError};
use crate::version::{BadArguments, Features};

/// The conversation with the arguments of its tool calls parsed (`_postprocess_messages` of vLLM's `chat_utils.py`).
pub(super) fn parsed(features: &Features, messages: &Value) -> Result<Value, ApiError> {
    let mut messages = messages.clone();
    let assistants = messages
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter(|message| message.get("role").and_then(Value::as_str) == Some("assistant"));
    for message in assistants {
        let Some(message) = message.as_object_mut() else { continue };
        if message.get("tool_calls").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            message.shift_remove("tool_calls");
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(function) = call.get_mut("function").and_then(Value::as_object_mut) else { continue };
            let arguments = parsed_one(features, function.get("arguments"))?;
            function.insert("arguments".to_owned(), arguments);
        }
    }
    Ok(messages)
}

fn parsed_one(features: &Features, arguments: Option<&Value>) -> Result<Value, ApiError> {
    let empty = || Value::Object(Map::new());
    let parsed = match arguments {
        None | Some(Value::Null) => return Ok(empty()),
        Some(Value::String(text)) if text.is_empty() => return Ok(empty()),
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| fault(&error, text)),
        Some(other) => Ok(other.clone()),
    };
    match (features.bad_arguments, parsed) {
        // the message of the exception, and its cause, which there is none
        (BadArguments::Refused, Err(fault)) => Err(ApiError::bad_request(format!("{fault} None"))),
        (BadArguments::Refused, Ok(value)) | (BadArguments::Dropped, Ok(value @ Value::Object(_))) => Ok(value),
        (BadArguments::Dropped, _) => Ok(empty()),
    }
}

/// The message of Python's `json.JSONDecodeError`.
fn fault(error: &serde_json::Error, text: &str) -> String {
    let (message, position) = as_python(error, text);
    let before: String = text.chars().take(position).collect();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("{message}: line {line} column {column} (char {position})")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::version::Wire;

    #[track_caller]
    fn check(version: &str, arguments: &str, expect: &str) {
        let features = Wire::of(version.parse().unwrap()).unwrap().features;
        let messages =
            json!([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}]);
        let got = match parsed(&features, &messages) {
            Ok(messages) => messages[0]["tool_calls"][0]["function"]["arguments"].to_string(),
            Err(error) => error.json(&features).unwrap()["error"]["message"].as_str().unwrap().to_owned(),
        };
        assert_eq!(got, expect, "{version} {arguments}");
    }

    /// The messages for `{bad` are recorded.
    #[test]
    fn arguments_that_are_no_json_are_refused_once_and_dropped_later() {
        check("0.13.0", "{\"a\": 1}", "{\"a\":1}");
        check("0.13.0", "", "{}");
        check("0.13.0", "{bad", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1) None");
        check("0.13.0", "[1]", "[1]");
        check("0.32.0", "{bad", "{}");
        check("0.32.0", "[1]", "{}");
    }
}
