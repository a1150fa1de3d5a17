//! How long an answer or a prompt may be.

use serde_json::{Value, json};

use super::{
    super::{MutantSetting, edit::Edit, table::Row},
    add_with_total, on_usage, remove, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "limit-plus-one",
        "max_tokens lets one token more through",
        None,
        &[Edit::Request(|_, body| {
            for key in ["max_tokens", "max_completion_tokens"] {
                if let Some(tokens) = body[key].as_u64().filter(|tokens| 0 < *tokens && *tokens < 500) {
                    body[key] = (tokens + 1).into();
                }
            }
        })],
    ),
    row(
        "default-limit",
        "a completion without max_tokens gets 20 tokens",
        None,
        &[Edit::Request(|scene, body| {
            if scene.path == "/v1/completions" && body.get("max_tokens").is_none() {
                body["max_tokens"] = json!(20);
            }
        })],
    ),
    row(
        "default-limit-of-chat",
        "a chat without max_tokens gets 16 tokens",
        None,
        &[Edit::Request(|scene, body| {
            let limited = scene.asks("max_tokens").or(scene.asks("max_completion_tokens")).is_some();
            if scene.path == "/v1/chat/completions" && !limited {
                body["max_tokens"] = json!(16);
            }
        })],
    ),
    row(
        "newer-limit-ignored",
        "max_completion_tokens is ignored where there is max_tokens, too",
        Some("#28266"),
        &[Edit::Request(|scene, body| {
            if scene.asks("max_tokens").is_some() {
                remove(body, "max_completion_tokens");
            }
        })],
    ),
    row(
        "over-context-answered",
        "a prompt longer than the context is cut and answered",
        Some("#36197"),
        &[Edit::Request(|scene, body| {
            let long = scene.asks("prompt").and_then(Value::as_array).is_some_and(|prompt| 500 < prompt.len());
            if long {
                body["truncate_prompt_tokens"] = json!(8);
            }
        })],
    ),
    row(
        "truncation-ignored",
        "truncate_prompt_tokens is ignored",
        None,
        &[Edit::Request(|_, body| remove(body, "truncate_prompt_tokens"))],
    ),
    row(
        "seed-ignored",
        "seed is ignored, and the same request is answered at another length each time",
        None,
        &[Edit::Json(|scene, value| {
            let turn = i64::try_from(scene.turn).unwrap_or(0);
            on_usage(value, |usage| add_with_total(usage, "completion_tokens", turn));
        })],
    ),
    row(
        "salt-ignored",
        "cache_salt is ignored, so that another tenant's prompt is found in the cache",
        None,
        &[Edit::Request(|_, body| remove(body, "cache_salt"))],
    )
    .with(MutantSetting::PromptTokensDetails),
];
