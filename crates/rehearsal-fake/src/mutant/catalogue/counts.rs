//! Counts of a whole answer and of a stream's end.

use serde_json::{Value, json};

use super::{
    super::{MutantSetting, edit::Edit, table::Row},
    add, add_with_total, final_usage, on_usage, remove, row, set_with_total, usage,
};

/// Tokens of a KV block unless a flag says otherwise.
const BLOCK: u64 = 16;

pub(super) const ROWS: &[Row] = &[
    row(
        "prompt-plus-one",
        "prompt_tokens counts one token too many",
        None,
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| add_with_total(usage, "prompt_tokens", 1));
        })],
    ),
    row(
        "prompt-minus-one",
        "prompt_tokens leaves one token out",
        None,
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| add_with_total(usage, "prompt_tokens", -1));
        })],
    ),
    row(
        "completion-plus-one",
        "completion_tokens counts one token too many",
        Some("llama-benchy #18"),
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| add_with_total(usage, "completion_tokens", 1));
        })],
    ),
    row(
        "completion-minus-one",
        "completion_tokens leaves one token out",
        Some("ik_llama #2358"),
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| add_with_total(usage, "completion_tokens", -1));
        })],
    ),
    row(
        "total-plus-one",
        "total_tokens is one more than the sum",
        None,
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| add(usage, "total_tokens", 1));
        })],
    ),
    row(
        "total-minus-one",
        "total_tokens is one less than the sum",
        None,
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| add(usage, "total_tokens", -1));
        })],
    ),
    row(
        "completion-implausible",
        "completion_tokens is a hundred times the tokens",
        Some("vllm-omni #2313"),
        &[Edit::Json(|_, value| {
            if let Some(usage) = usage(value) {
                let tokens = usage["completion_tokens"].as_u64().unwrap_or(0);
                set_with_total(usage, "completion_tokens", 100 * tokens);
            }
        })],
    ),
    row(
        "usage-missing",
        "a whole answer has no usage",
        Some("ai-dynamo #11708"),
        &[Edit::Json(|scene, value| {
            if !scene.streams() && usage(value).is_some() {
                value["usage"] = Value::Null;
            }
        })],
    ),
    row(
        "counts-are-floats",
        "counts are written as floats",
        None,
        &[Edit::Json(|_, value| {
            for count in usage(value).and_then(Value::as_object_mut).into_iter().flat_map(|usage| usage.values_mut()) {
                if let Some(tokens) = count.as_f64() {
                    *count = json!(tokens);
                }
            }
        })],
    ),
    row(
        "key-order",
        "usage has the keys in the order of OpenAI's API",
        None,
        &[Edit::Json(|_, value| {
            if let Some(usage) = usage(value).and_then(Value::as_object_mut)
                && let Some(total) = usage.shift_remove("total_tokens")
            {
                usage.shift_insert(2, "total_tokens".to_owned(), total);
            }
        })],
    ),
    row(
        "details-left-out",
        "usage has no key prompt_tokens_details",
        None,
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| remove(usage, "prompt_tokens_details"));
        })],
    ),
    row(
        "details-unasked",
        "cached_tokens is disclosed although the server was not started to",
        None,
        &[Edit::Json(|scene, value| {
            if let Some(usage) = final_usage(scene, value) {
                usage["prompt_tokens_details"] = json!({ "cached_tokens": 0 });
            }
        })],
    ),
    row(
        "details-never",
        "prompt_tokens_details is null although the server was started to tell it",
        Some("#16162, #18062, #18149"),
        &[Edit::Json(|scene, value| {
            if let Some(usage) = final_usage(scene, value).filter(|usage| usage["prompt_tokens_details"].is_object()) {
                usage["prompt_tokens_details"] = Value::Null;
            }
        })],
    )
    .with(MutantSetting::PromptTokensDetails),
    row(
        "cached-plus-one",
        "cached_tokens counts one token too many",
        None,
        &[Edit::Json(|_, value| {
            cached(value, |cached, _| cached + 1);
        })],
    )
    .with(MutantSetting::PromptTokensDetails),
    row(
        "cached-minus-one",
        "cached_tokens leaves one token out",
        None,
        &[Edit::Json(|_, value| {
            cached(value, |cached, _| cached.saturating_sub(1));
        })],
    )
    .with(MutantSetting::PromptTokensDetails),
    row(
        "cached-over-prompt",
        "cached_tokens counts a block of 16 more than the prompt has",
        None,
        &[Edit::Json(|_, value| {
            cached(value, |_, prompt| prompt + BLOCK);
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::PromptTokensDetails),
    row(
        "cached-prompt-minus-one",
        "cached_tokens is always one less than the prompt",
        Some("#43370"),
        &[Edit::Json(|_, value| {
            cached(value, |_, prompt| prompt.saturating_sub(1));
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::PromptTokensDetails),
    row(
        "cached-never",
        "cached_tokens is always 0",
        Some("#53749"),
        &[Edit::Json(|_, value| {
            cached(value, |_, _| 0);
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::PromptTokensDetails),
    row(
        "cached-zero-left-out",
        "prompt_tokens_details is null where nothing was cached",
        Some("#44377, #44961"),
        &[Edit::Json(|_, value| {
            if let Some(usage) = usage(value).filter(|usage| usage["prompt_tokens_details"]["cached_tokens"] == 0) {
                usage["prompt_tokens_details"] = Value::Null;
            }
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::PromptTokensDetails),
    row(
        "created-over-prompt",
        "created_cache_tokens counts a block of 16 more than the prompt has",
        None,
        &[Edit::Json(|_, value| {
            if let Some(usage) = usage(value).filter(|usage| usage["prompt_tokens_details"]["cached_tokens"].is_u64()) {
                let prompt = usage["prompt_tokens"].as_u64().unwrap_or(0);
                usage["prompt_tokens_details"]["created_cache_tokens"] = (prompt + BLOCK).into();
            }
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::PromptTokensDetails),
    row(
        "reasoning-plus-one",
        "reasoning_tokens counts one token more than the answer has",
        Some("sglang #39826"),
        &[Edit::Json(|_, value| {
            if let Some(usage) = usage(value)
                && let Some(tokens) = usage["completion_tokens"].as_u64()
                && usage["completion_tokens_details"].is_object()
            {
                usage["completion_tokens_details"]["reasoning_tokens"] = (tokens + 1).into();
            }
        })],
    )
    .on("0.32.0-rust"),
    row(
        "reasoning-left-out",
        "there are no completion_tokens_details",
        Some("#14472, #24098"),
        &[Edit::Json(|_, value| {
            on_usage(value, |usage| remove(usage, "completion_tokens_details"));
        })],
    )
    .on("0.32.0-rust"),
    row(
        "reasoning-zero",
        "reasoning_tokens is 0 although the answer is reasoning",
        Some("#35037, #44398, #45802, #50895"),
        &[Edit::Json(|_, value| reasoning(value, |_| 0))],
    )
    .on("0.32.0-rust")
    .with(MutantSetting::Tools),
    row(
        "reasoning-minus-one",
        "reasoning_tokens leaves one token out",
        None,
        &[Edit::Json(|_, value| reasoning(value, |tokens| tokens.saturating_sub(1)))],
    )
    .on("0.32.0-rust")
    .with(MutantSetting::Tools),
];

/// Changes `reasoning_tokens`.
fn reasoning(value: &mut Value, change: fn(u64) -> u64) {
    if let Some(usage) = usage(value)
        && let Some(tokens) = usage["completion_tokens_details"]["reasoning_tokens"].as_u64()
    {
        usage["completion_tokens_details"]["reasoning_tokens"] = change(tokens).into();
    }
}

/// Changes `cached_tokens`, given it and the prompt's tokens.
fn cached(value: &mut Value, change: fn(u64, u64) -> u64) {
    if let Some(usage) = usage(value)
        && let Some(cached) = usage["prompt_tokens_details"]["cached_tokens"].as_u64()
    {
        let prompt = usage["prompt_tokens"].as_u64().unwrap_or(0);
        usage["prompt_tokens_details"]["cached_tokens"] = change(cached, prompt).into();
    }
}
