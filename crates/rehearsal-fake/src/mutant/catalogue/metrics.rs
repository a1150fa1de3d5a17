//! Counters that do not add up.

use super::{
    super::{MutantSetting, edit::Edit, table::Row},
    row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "generation-counted-twice",
        "generation_tokens_total counts each token twice",
        None,
        &[Edit::Sample(|_, name, value| Some(value * factor(name, "vllm:generation_tokens_total", 2.0)))],
    ),
    row(
        "generation-one-short",
        "generation_tokens_total counts one token in each ten too few",
        None,
        &[Edit::Sample(|_, name, value| Some(value * factor(name, "vllm:generation_tokens_total", 0.9)))],
    ),
    row(
        "prompt-counted-twice",
        "prompt_tokens_total counts each token of a prompt twice",
        Some("#56361, #56923"),
        &[Edit::Sample(|_, name, value| Some(value * factor(name, "vllm:prompt_tokens_total", 2.0)))],
    ),
    row(
        "ttft-per-token",
        "the count of time_to_first_token_seconds is not that of requests",
        Some("#8115"),
        &[Edit::Sample(|_, name, value| Some(value * factor(name, "vllm:time_to_first_token_seconds_count", 2.0)))],
    ),
    row(
        "hits-over-queries",
        "more tokens are found in the prefix cache than were looked for",
        None,
        &[Edit::Sample(|_, name, value| {
            Some(if name.starts_with("vllm:prefix_cache_hits_total") { 100.0 * value } else { value })
        })],
    )
    .with(MutantSetting::PromptTokensDetails),
    row(
        "counters-fall",
        "two processes answer by turns, and only one of them has counted",
        None,
        &[Edit::Sample(|scene, name, value| {
            let counts = name.contains("_total") || name.contains("_count");
            Some(if counts && scene.turn % 4 < 2 { 0.0 } else { value })
        })],
    ),
    row(
        "family-missing",
        "inter_token_latency_seconds is not among the metrics",
        None,
        &[Edit::Sample(|_, name, value| {
            let missing = ["vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds"];
            (!missing.iter().any(|family| name.starts_with(family))).then_some(value)
        })],
    ),
];

/// By how much a sample is multiplied.
fn factor(name: &str, wrong: &str, by: f64) -> f64 {
    if name.starts_with(wrong) { by } else { 1.0 }
}
