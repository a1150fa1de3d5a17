//! Several choices, several prompts, echoes.

use serde_json::{Value, json};

use super::{
    super::{MutantSetting, edit::Edit, scene::Scene, table::Row},
    add_with_total, choices, final_usage, remove, row, set_with_total, usage,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "prompt-per-choice",
        "the prompt is counted once for each of n choices",
        None,
        &[Edit::Json(|scene, value| {
            let n = scene.n();
            if let Some(usage) = final_usage(scene, value) {
                let tokens = usage["prompt_tokens"].as_u64().unwrap_or(0);
                set_with_total(usage, "prompt_tokens", n * tokens);
            }
        })],
    ),
    row(
        "choices-uncounted",
        "completion_tokens counts one of n choices",
        Some("#9357"),
        &[Edit::Json(|scene, value| {
            let n = scene.n().max(1);
            if let Some(usage) = final_usage(scene, value) {
                let tokens = usage["completion_tokens"].as_u64().unwrap_or(0);
                set_with_total(usage, "completion_tokens", tokens / n);
            }
        })],
    ),
    row(
        "n-ignored",
        "one choice comes, whatever n is",
        None,
        &[Edit::Request(|scene, body| {
            if 1 < scene.n() {
                body["n"] = 1.into();
            }
        })],
    ),
    row(
        "last-prompt-only",
        "prompt_tokens counts the last of several prompts",
        None,
        &[Edit::Json(|scene, value| {
            if let Some(tokens) = prompts(scene).filter(|prompts| 1 < prompts.len()).and_then(|all| all.last().copied())
                && let Some(usage) = final_usage(scene, value)
            {
                set_with_total(usage, "prompt_tokens", tokens);
            }
        })],
    ),
    row(
        "first-prompt-twice",
        "the first of several prompts is counted twice",
        None,
        &[Edit::Json(|scene, value| {
            let first = prompts(scene).filter(|prompts| 1 < prompts.len()).and_then(|all| all.first().copied());
            if let (Some(tokens), Some(usage)) = (first, final_usage(scene, value)) {
                add_with_total(usage, "prompt_tokens", i64::try_from(tokens).unwrap_or(0));
            }
        })],
    ),
    row(
        "index-per-prompt",
        "the index of a choice starts anew with each prompt",
        None,
        &[Edit::Json(|scene, value| {
            let n = scene.n().max(1);
            for choice in choices(value) {
                if let Some(index) = choice["index"].as_u64() {
                    choice["index"] = (index % n).into();
                }
            }
        })],
    ),
    row(
        "cached-per-choice",
        "cached_tokens is summed over n choices",
        Some("sglang #5525"),
        &[Edit::Json(|scene, value| {
            let n = scene.n();
            if let Some(usage) = usage(value)
                && let Some(cached) = usage["prompt_tokens_details"]["cached_tokens"].as_u64()
            {
                usage["prompt_tokens_details"]["cached_tokens"] = json!(cached * n);
            }
        })],
    )
    .with(MutantSetting::PromptTokensDetails),
    row(
        "echo-counted",
        "an echoed prompt is counted as completion",
        None,
        &[Edit::Json(|scene, value| {
            if scene.asks("echo") == Some(&Value::Bool(true))
                && let Some(usage) = usage(value)
            {
                let prompt = usage["prompt_tokens"].as_i64().unwrap_or(0);
                add_with_total(usage, "completion_tokens", prompt);
            }
        })],
    ),
    row("echo-ignored", "echo is ignored", None, &[Edit::Request(|_, body| remove(body, "echo"))]),
    row(
        "best-beam-only",
        "completion_tokens of a beam search counts the best beam",
        None,
        &[Edit::Json(|scene, value| {
            let n = scene.n().max(1);
            if scene.asks("use_beam_search") == Some(&Value::Bool(true))
                && let Some(usage) = usage(value)
            {
                let tokens = usage["completion_tokens"].as_u64().unwrap_or(0);
                set_with_total(usage, "completion_tokens", tokens / n);
            }
        })],
    ),
];

/// The lengths of a request's prompts, where they are ids.
fn prompts(scene: &Scene) -> Option<Vec<u64>> {
    let all = scene.asks("prompt")?.as_array()?;
    all.iter().map(|prompt| prompt.as_array().map(|ids| ids.len() as u64)).collect()
}
