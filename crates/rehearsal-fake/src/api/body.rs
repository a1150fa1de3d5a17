//! From a request's bytes to its JSON object.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::{
    error::ApiError,
    python_json::marked,
    validation::{Handler, Loc, Problem, invalid},
};
use crate::version::{ErrorCode, Features, NonObjectBody, PydanticErrors};

/// Reads the object in a request's body.
pub(super) async fn read_object(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
    features: &Features,
    handler: Handler,
) -> Result<Map<String, Value>, ApiError> {
    check_content_type(headers, features)?;
    let bytes = to_bytes(body, max_bytes).await.map_err(|_| ApiError::too_large(max_bytes))?;
    parse_object(&bytes, features, handler)
}

/// Any JSON value, for the routes that read their body by hand (`await raw_request.json()`) and ask for no content type.
pub(super) async fn any_json(body: Body, max_bytes: usize) -> Result<Value, ApiError> {
    let bytes = to_bytes(body, max_bytes).await.map_err(|_| ApiError::too_large(max_bytes))?;
    serde_json::from_slice(&bytes).map_err(|_| ApiError::http_exception(StatusCode::BAD_REQUEST, "Invalid JSON format"))
}

/// `validate_json_request` of `vllm/entrypoints/openai/api_server.py`.
fn check_content_type(headers: &HeaderMap, features: &Features) -> Result<(), ApiError> {
    const REFUSED: &str = "Unsupported Media Type: Only 'application/json' is allowed";
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::invalid_body(match (features.error_code, features.pydantic_errors) {
        (ErrorCode::Name, _) => "Expected request with `Content-Type: application/json`".to_owned(),
        (_, PydanticErrors::Brief) => format!("1 validation error:\n  {REFUSED}"),
        (_, PydanticErrors::Quoted) => format!("1 validation error:\n  {REFUSED} [\"{REFUSED}\"]"),
    }))
}

fn missing() -> Problem {
    Problem::new("missing", Vec::new(), "Field required", &Value::Null)
}

fn parse_object(bytes: &[u8], features: &Features, handler: Handler) -> Result<Map<String, Value>, ApiError> {
    let rust = features.error_code == ErrorCode::Name;
    if bytes.is_empty() && !rust {
        return Err(invalid(features, handler, &[missing()]));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Err(ApiError::unreadable_body()) };
    let marked = if rust { None } else { marked(text) };
    let error = match serde_json::from_str(marked.as_deref().unwrap_or(text)) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(Value::Null) if features.non_object_body == NonObjectBody::Refused && !rust => {
            return Err(invalid(features, handler, &[missing()]));
        }
        Ok(other) if features.non_object_body == NonObjectBody::Refused => {
            let expected = "Input should be a valid dictionary or object to extract fields from";
            return Err(invalid(
                features,
                handler,
                &[Problem::new("model_attributes_type", Vec::new(), expected, &other)],
            ));
        }
        Ok(_) => return Err(ApiError::Uncaught),
        Err(error) => error,
    };
    if rust {
        return Err(ApiError::invalid_body(format!("Failed to parse the request body as JSON: {error}")));
    }
    let (message, position) = as_python(&error, text);
    let problem =
        Problem::new("json_invalid", vec![Loc::Index(position)], "JSON decode error", &Value::Object(Map::new()));
    Err(invalid(features, handler, &[Problem { context: Some(format!("'error': '{message}'")), ..problem }]))
}

/// The same fault in the words of Python's `json`, and the index of the character it stops at.
pub(super) fn as_python(error: &serde_json::Error, text: &str) -> (&'static str, usize) {
    let words = error.to_string();
    let message = if words.starts_with("trailing characters") {
        "Extra data"
    } else if words.starts_with("key must be a string") || words.starts_with("trailing comma") && words.contains('}') {
        "Expecting property name enclosed in double quotes"
    } else if words.starts_with("expected `:`") {
        "Expecting ':' delimiter"
    } else if words.starts_with("expected `,`") {
        "Expecting ',' delimiter"
    } else if words.starts_with("EOF while parsing an object") {
        match text.trim_end().chars().last() {
            Some('{' | ',') => "Expecting property name enclosed in double quotes",
            _ => "Expecting ',' delimiter",
        }
    } else if words.starts_with("EOF while parsing a list") && !text.trim_end().ends_with(['[', ',']) {
        "Expecting ',' delimiter"
    } else if words.starts_with("EOF while parsing a string") {
        "Unterminated string starting at"
    } else if words.starts_with("control character") {
        "Invalid control character at"
    } else {
        "Expecting value"
    };
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let column = if error.is_eof() { error.column() } else { error.column().saturating_sub(1) };
    let end = match message {
        "Unterminated string starting at" => open_quote(text).unwrap_or(line_start + column),
        _ => line_start + column,
    };
    let position = text.char_indices().take_while(|(at, _)| *at < end).count();
    (message, position)
}

/// Where the string begins that never ends.
fn open_quote(text: &str) -> Option<usize> {
    let (mut open, mut escaped) = (None, false);
    for (at, character) in text.char_indices() {
        match (character, open) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            ('"', Some(_)) => open = None,
            ('"', None) => open = Some(at),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    #[track_caller]
    fn check(body: &str, message: &str, position: usize) {
        let error = serde_json::from_str::<Value>(body).unwrap_err();
        assert_eq!(as_python(&error, body), (message, position));
    }

    #[test]
    fn faults_are_named_and_placed_as_python_does() {
        check(r#"{"model": "tiny", "messages": ["#, "Expecting value", 31);
        check(r#"{"a": 1} x"#, "Extra data", 9);
        check(r#"{"é": 1 2}"#, "Expecting ',' delimiter", 8);
        check(r#"{"a" 1}"#, "Expecting ':' delimiter", 5);
        check("{", "Expecting property name enclosed in double quotes", 1);
        check(r#"{"a": "é", "bc"#, "Unterminated string starting at", 11);
        check("[1", "Expecting ',' delimiter", 2);
        check(r"{1: 2}", "Expecting property name enclosed in double quotes", 1);
    }

    #[test]
    fn a_list_crashes_old_versions_only() {
        let handler = Handler { path: "/v1/completions", function: "create_completion", line: 518 };
        let parse = |version: &str, body: &[u8]| {
            parse_object(body, &Wire::of(version.parse().unwrap()).unwrap().features, handler).unwrap_err()
        };
        assert_eq!(parse("0.13.0", b"[]"), ApiError::Uncaught);
        assert!(matches!(parse("0.32.0", b"[]"), ApiError::Object(_)));
        assert!(matches!(parse("0.13.0", b"\xff{}"), ApiError::Detail(..)));
    }
}
