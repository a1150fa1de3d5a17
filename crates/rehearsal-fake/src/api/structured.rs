//! Constraints on the output: what is wrong with them is refused; what they ask for is left to the text plug-in.

use serde_json::{Map, Value};

use super::error::ApiError;

/// What vLLM says to several constraints at once.
pub(super) const ONE_CONSTRAINT: &str =
    "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice').";

/// Kinds of constraints under `structured_outputs`.
pub(super) fn constraints(body: &Map<String, Value>) -> usize {
    let given = body.get("structured_outputs").and_then(Value::as_object);
    let is_there = |kind: &&str| given.is_some_and(|given| given.get(*kind).is_some_and(|value| !value.is_null()));
    ["json", "regex", "choice"].iter().filter(|kind| is_there(kind)).count()
}

/// A JSON schema that is asked for and not given trips an assertion of vLLM's, whose exception has no text.
pub(super) fn check_schema(response_format: &Value) -> Result<(), ApiError> {
    let wants_schema = response_format.get("type").is_some_and(|kind| kind == "json_schema");
    let given = response_format.get("json_schema").is_some_and(|schema| !schema.is_null());
    if wants_schema && !given { Err(ApiError::internal("")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_constraint_is_enough() {
        let count = |outputs: Value| constraints(json!({ "structured_outputs": outputs }).as_object().unwrap());
        assert_eq!(count(json!({"regex": "a", "choice": ["a"]})), 2);
        assert_eq!(count(json!({"regex": "a", "choice": null})), 1);
        assert_eq!(count(Value::Null), 0);
    }

    #[test]
    fn a_schema_has_to_be_there() {
        assert!(check_schema(&json!({"type": "json_schema"})).is_err());
        assert!(check_schema(&json!({"type": "json_schema", "json_schema": {}})).is_ok());
        assert!(check_schema(&Value::Null).is_ok());
    }
}
