//! How an answer ends, and what of its end is counted.

use serde_json::Value;

use super::{
    super::{MutantSetting, edit::Edit, scene::Scene, table::Row},
    add_with_total, choices, remove, row, usage,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "stop-string-uncounted",
        "the token that completes a stop string is not counted",
        None,
        &[Edit::Json(|scene, value| uncount(scene, value, |choice| choice["stop_reason"].is_string()))],
    ),
    row(
        "stop-token-uncounted",
        "a stop token is not counted",
        None,
        &[Edit::Json(|scene, value| uncount(scene, value, |choice| choice["stop_reason"].is_u64()))],
    ),
    row(
        "eos-uncounted",
        "the end of the sequence is not counted",
        None,
        &[Edit::Json(|scene, value| {
            uncount(scene, value, |choice| choice["finish_reason"] == "stop" && choice["stop_reason"].is_null());
        })],
    ),
    row(
        "after-stop-counted",
        "tokens of a speculative step after the stop are counted",
        Some("#47616"),
        &[Edit::Json(|scene, value| {
            let stopped = |choice: &Value| choice["stop_reason"].is_string();
            count_ends(scene, value, stopped);
            let ends = i64::try_from(scene.ends).unwrap_or(0);
            if let Some(usage) = usage(value) {
                add_with_total(usage, "completion_tokens", 2 * ends);
            }
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::StreamInterval),
    row(
        "stop-string-leaks",
        "the stop string stays in the text",
        None,
        &[Edit::Json(|scene, value| {
            if scene.asks("include_stop_str_in_output").is_some() {
                return;
            }
            for choice in choices(value) {
                if let (Some(stop), Some(text)) = (choice["stop_reason"].as_str(), choice["text"].as_str()) {
                    choice["text"] = format!("{text}{stop}").into();
                }
            }
        })],
    ),
    row(
        "stop-string-cut",
        "include_stop_str_in_output is ignored",
        None,
        &[Edit::Request(|_, body| remove(body, "include_stop_str_in_output"))],
    ),
    row(
        "stop-reason-missing",
        "stop_reason is null after a stop token",
        None,
        &[Edit::Json(|_, value| {
            for choice in choices(value).filter(|choice| choice["stop_reason"].is_u64()) {
                choice["stop_reason"] = Value::Null;
            }
        })],
    ),
    row(
        "finish-stop-for-length",
        "an answer that its limit cuts says stop",
        None,
        &[Edit::Json(|_, value| rename_finish(value, "length", "stop"))],
    ),
    row(
        "finish-length-for-stop",
        "an answer that ends by itself says length",
        None,
        &[Edit::Json(|_, value| rename_finish(value, "stop", "length"))],
    ),
    row(
        "finish-missing",
        "finish_reason is null to the end",
        None,
        &[Edit::Json(|_, value| {
            for choice in choices(value).filter(|choice| choice["finish_reason"].is_string()) {
                choice["finish_reason"] = Value::Null;
            }
        })],
    ),
    row(
        "finish-unknown",
        "finish_reason is a word that OpenAI's API does not have",
        None,
        &[Edit::Json(|_, value| rename_finish(value, "length", "max_tokens"))],
    ),
    row("min-tokens-ignored", "min_tokens is ignored", None, &[Edit::Request(|_, body| remove(body, "min_tokens"))]),
    row(
        "stop-token-ids-ignored",
        "stop_token_ids is ignored",
        None,
        &[Edit::Request(|_, body| remove(body, "stop_token_ids"))],
    ),
    row(
        "guided-ignored",
        "a structured output that was asked for is silently ignored",
        Some("#53975"),
        &[Edit::Request(|_, body| {
            for key in ["structured_outputs", "guided_choice", "guided_regex", "guided_json", "response_format"] {
                remove(body, key);
            }
        })],
    ),
];

fn count_ends(scene: &mut Scene, value: &mut Value, ends: fn(&Value) -> bool) {
    scene.ends += choices(value).filter(|choice| ends(choice)).count() as u64;
}

/// Leaves a token out for each choice that has ended so.
fn uncount(scene: &mut Scene, value: &mut Value, ends: fn(&Value) -> bool) {
    count_ends(scene, value, ends);
    let ends = i64::try_from(scene.ends).unwrap_or(0);
    if let Some(usage) = usage(value) {
        add_with_total(usage, "completion_tokens", -ends);
    }
}

fn rename_finish(value: &mut Value, from: &str, to: &str) {
    for choice in choices(value).filter(|choice| choice["finish_reason"] == from) {
        choice["finish_reason"] = to.into();
    }
}
