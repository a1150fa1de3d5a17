//! Responses, messages, models, health.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{MutantSetting, edit::Edit, part::Part, table::Row},
    add, choices, on_usage, remove, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "responses-usage-zero",
        "the usage of a response is all zero",
        Some("#22667, #23363"),
        &[Edit::Json(|scene, value| {
            for usage in response_usages(&scene.path, value) {
                for key in ["input_tokens", "output_tokens", "total_tokens"] {
                    usage[key] = json!(0);
                }
            }
        })],
    ),
    row(
        "responses-total-off",
        "total_tokens of a response is one more than the sum",
        None,
        &[Edit::Json(|scene, value| {
            for usage in response_usages(&scene.path, value) {
                add(usage, "total_tokens", 1);
            }
        })],
    ),
    row(
        "responses-sequence-gap",
        "sequence_number grows by two",
        None,
        &[Edit::Json(|scene, value| {
            if let Some(number) = value["sequence_number"].as_u64().filter(|_| scene.path == "/v1/responses") {
                value["sequence_number"] = (2 * number).into();
            }
        })],
    )
    .on("0.32.0"),
    row(
        "responses-never-incomplete",
        "a response that its limit cuts is called completed",
        Some("#25053, #38226"),
        &[Edit::Json(|scene, value| {
            if scene.path == "/v1/responses" && value["status"] == "incomplete" {
                value["status"] = "completed".into();
            }
        })],
    )
    .on("0.32.0"),
    row(
        "messages-output-plus-one",
        "the last event of a streamed message counts one token more than the whole one",
        None,
        &[Edit::Json(|scene, value| {
            if scene.path == "/v1/messages" && value["type"] == "message_delta" {
                on_usage(value, |usage| add(usage, "output_tokens", 1));
            }
        })],
    ),
    row(
        "messages-cache-left-out",
        "a message says nothing of the cache",
        Some("#40912, #33923, #45079, #45083"),
        &[Edit::Json(|scene, value| {
            if scene.path == "/v1/messages" {
                for key in ["cache_creation_input_tokens", "cache_read_input_tokens"] {
                    if let Some(usage) = value.get_mut("usage") {
                        remove(usage, key);
                    }
                }
            }
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::PromptTokensDetails),
    row(
        "messages-done",
        "a streamed message ends with [DONE]",
        None,
        &[Edit::Pieces(|scene, part, out| {
            let ends = scene.path == "/v1/messages"
                && matches!(&part, Part::Event { data, .. } if data["type"] == "message_stop");
            out.push(part);
            if ends {
                out.push(Part::Done);
            }
        })],
    )
    .on("0.32.0"),
    row(
        "health-503",
        "/health says 503 while requests are answered",
        None,
        &[Edit::Head(|scene, head| {
            if scene.path == "/health" {
                head.status = StatusCode::SERVICE_UNAVAILABLE;
            }
        })],
    ),
    row(
        "context-length-text",
        "max_model_len is a text",
        None,
        &[Edit::Json(|scene, value| {
            if scene.path == "/v1/models"
                && let Some(model) = value.pointer_mut("/data/0")
            {
                model["max_model_len"] = model["max_model_len"].to_string().into();
            }
        })],
    ),
    row(
        "tokenize-without-template",
        "/tokenize counts one token less than a chat has",
        None,
        &[Edit::Json(|scene, value| {
            if scene.path == "/tokenize" {
                add(value, "count", -1);
            }
        })],
    ),
    row(
        "tool-finish-stop",
        "a call that was required ends with stop",
        None,
        &[Edit::Json(|_, value| {
            for choice in choices(value) {
                if choice["finish_reason"] == "tool_calls" {
                    choice["finish_reason"] = "stop".into();
                }
            }
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::Tools),
];

/// The usage objects of a response or of one of its events.
fn response_usages<'a>(path: &str, value: &'a mut Value) -> Vec<&'a mut Value> {
    if path != "/v1/responses" {
        return Vec::new();
    }
    let holder = if value.get("response").is_some() { value.get_mut("response") } else { Some(value) };
    holder.and_then(|holder| holder.get_mut("usage")).filter(|usage| usage.is_object()).into_iter().collect()
}
