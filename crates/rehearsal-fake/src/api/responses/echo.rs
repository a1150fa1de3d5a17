//! What a response repeats of its request, each field in the form of its type.

use serde_json::{Map, Value, json};

use crate::{
    api::object::shaped,
    version::{ShapeName, Wire},
};

/// Below this temperature vLLM samples greedily, and `top_p` is 1 (`vllm/sampling_params.py`).
const GREEDY_BELOW: f64 = 1e-5;

/// The least temperature above 0 (`vllm/sampling_params.py`, `_MAX_TEMP`).
const LEAST_TEMPERATURE: f64 = 0.01;

/// `temperature` and `top_p` as the sampler has them.
pub(super) fn sampled(temperature: Option<f64>, top_p: Option<f64>) -> (f64, f64) {
    let temperature = temperature.unwrap_or(1.0);
    let temperature = if 0.0 < temperature { temperature.max(LEAST_TEMPERATURE) } else { temperature };
    (temperature, if temperature < GREEDY_BELOW { 1.0 } else { top_p.unwrap_or(1.0) })
}

/// `reasoning`: all members of the type.
pub(super) fn reasoning(wire: &Wire, sent: Option<&Map<String, Value>>) -> Value {
    let Some(sent) = sent else { return Value::Null };
    let member = |key: &str| sent.get(key).cloned().unwrap_or_default();
    shaped(
        wire,
        ShapeName::ResponsesReasoning,
        [
            ("context", member("context")),
            ("effort", member("effort")),
            ("generate_summary", member("generate_summary")),
            ("mode", member("mode")),
            ("summary", member("summary")),
        ],
    )
}

/// `text`: its format and verbosity.
pub(super) fn text(wire: &Wire, sent: Option<&Map<String, Value>>) -> Value {
    let Some(sent) = sent else { return Value::Null };
    let format = sent.get("format").and_then(Value::as_object).map(|format| {
        let member = |key: &str| format.get(key).cloned().unwrap_or_default();
        if format.get("type").is_some_and(|kind| kind == "json_schema") {
            shaped(
                wire,
                ShapeName::ResponsesTextFormat,
                [
                    ("name", member("name")),
                    ("schema", member("schema")),
                    ("schema_", member("schema")),
                    ("type", "json_schema".into()),
                    ("description", member("description")),
                    ("strict", member("strict")),
                ],
            )
        } else {
            json!({"type": member("type")})
        }
    });
    json!({"format": format, "verbosity": sent.get("verbosity")})
}

/// `tool_choice`: a word, or an object with its members in the order of the type.
pub(super) fn tool_choice(choice: &Value) -> Value {
    match choice.get("name") {
        Some(name) if choice.get("type").is_some_and(|kind| kind == "function") => {
            json!({"name": name, "type": "function"})
        }
        _ => choice.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_sampling_ignores_top_p() {
        for (temperature, top_p, expect) in [
            (None, None, (1.0, 1.0)),
            (Some(0.0), Some(0.5), (0.0, 1.0)),
            (Some(0.001), Some(0.5), (0.01, 0.5)),
            (Some(0.7), Some(0.9), (0.7, 0.9)),
        ] {
            assert_eq!(sampled(temperature, top_p), expect);
        }
    }

    #[test]
    fn a_schema_has_the_name_of_its_version() {
        let sent = json!({"format": {"type": "json_schema", "name": "n", "schema": {"a": 1}}});
        let format = |version: &str| {
            let wire = Wire::of(version.parse().expect("a version")).expect("one of the table");
            text(&wire, sent.as_object())["format"].to_string()
        };
        assert_eq!(
            format("0.13.0"),
            r#"{"name":"n","schema_":{"a":1},"type":"json_schema","description":null,"strict":null}"#
        );
        assert_eq!(
            format("0.32.0"),
            r#"{"name":"n","schema":{"a":1},"type":"json_schema","description":null,"strict":null}"#
        );
    }
}
