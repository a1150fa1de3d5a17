//! Running counts of `continuous_usage_stats`.

use serde_json::Value;

use super::{
    super::{MutantSetting, edit::Edit, scene::Scene, table::Row},
    add_with_total, remove, row, running_usage, set_with_total,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "continuous-coalesced-off",
        "the running count leaves one token out when a chunk holds several",
        None,
        &[Edit::Json(|scene, value| {
            running(scene, value, |before, now, usage| {
                if before + 1 < now {
                    add_with_total(usage, "completion_tokens", -1);
                }
            });
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::StreamInterval),
    row(
        "continuous-per-chunk",
        "the running count is of one chunk, not of all so far",
        Some("#9357, sglang #12241"),
        &[Edit::Json(|scene, value| {
            running(scene, value, |before, now, usage| set_with_total(usage, "completion_tokens", now - before));
        })],
    ),
    row(
        "continuous-falls",
        "the running count falls after a chunk that was counted too high",
        None,
        &[Edit::Json(|scene, value| {
            running(scene, value, |before, _, usage| {
                if before == 1 {
                    add_with_total(usage, "completion_tokens", 5);
                }
            });
        })],
    ),
    row(
        "continuous-last-behind",
        "the last running count is one behind the final usage",
        None,
        &[Edit::Json(|scene, value| {
            if value["choices"][0]["finish_reason"].is_string()
                && let Some((_, usage)) = running_usage(scene, value)
            {
                add_with_total(usage, "completion_tokens", -1);
            }
        })],
    ),
    row(
        "continuous-all-choices",
        "the running count of a choice counts all of them",
        None,
        &[Edit::Json(|scene, value| {
            if let Some((index, usage)) = running_usage(scene, value) {
                scene.counts.insert(index, usage["completion_tokens"].as_u64().unwrap_or(0));
                set_with_total(usage, "completion_tokens", scene.counts.values().sum());
            }
        })],
    ),
    row(
        "continuous-role-counted",
        "tokens are counted in the chunk of the role, before any has come",
        Some("#9028"),
        &[Edit::Json(|scene, value| {
            let opens = scene.events == 0;
            if let Some((_, usage)) = running_usage(scene, value).filter(|_| opens) {
                add_with_total(usage, "completion_tokens", 2);
            }
        })],
    ),
    row(
        "continuous-prompt-grows",
        "prompt_tokens of the first chunk counts what the first step has prefilled",
        Some("#9028"),
        &[Edit::Json(|scene, value| {
            let opens = scene.events == 0;
            if let Some((_, usage)) = running_usage(scene, value).filter(|_| opens) {
                let tokens = usage["prompt_tokens"].as_u64().unwrap_or(0);
                set_with_total(usage, "prompt_tokens", tokens.div_ceil(2));
            }
        })],
    ),
    row(
        "continuous-gap",
        "one chunk of a continuous stream has no usage",
        None,
        &[Edit::Json(|scene, value| {
            if scene.events == 1 && running_usage(scene, value).is_some() {
                remove(value, "usage");
            }
        })],
    ),
];

/// Changes a running usage, given the right counts of its choice before and now.
fn running(scene: &mut Scene, value: &mut Value, change: fn(u64, u64, &mut Value)) {
    if let Some((index, usage)) = running_usage(scene, value) {
        let now = usage["completion_tokens"].as_u64().unwrap_or(0);
        let before = scene.counts.insert(index, now).unwrap_or(0);
        change(before, now, usage);
    }
}
