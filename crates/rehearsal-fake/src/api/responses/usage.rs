//! `usage` of a response.

use serde_json::{Value, json};

use crate::{
    api::{
        context::Context,
        object::shaped,
        options::PromptTokensDetails,
        usage_json::{Place, usage_json},
    },
    usage::Usage,
    version::ShapeName,
};

/// The object; cached tokens are told with or without `--enable-prompt-tokens-details`.
pub(super) fn responses_usage(context: &Context, usage: &Usage) -> Value {
    let wire = &context.wire;
    let chat = usage_json(wire, PromptTokensDetails::Shown, Place::Whole, usage);
    let written = chat["prompt_tokens_details"]["created_cache_tokens"].as_u64().unwrap_or(0);
    let reasoning = chat["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0);
    let none = || Value::Array(Vec::new());
    let input = shaped(
        wire,
        ShapeName::ResponsesInputDetails,
        [
            ("cached_tokens", usage.cached_tokens.unwrap_or(0).into()),
            ("cache_write_tokens", written.into()),
            ("input_tokens_per_turn", none()),
            ("cached_tokens_per_turn", none()),
        ],
    );
    let output = json!({
        "reasoning_tokens": reasoning,
        "tool_output_tokens": 0,
        "output_tokens_per_turn": [],
        "tool_output_tokens_per_turn": [],
    });
    shaped(
        wire,
        ShapeName::ResponsesUsage,
        [
            ("input_tokens", usage.prompt_tokens.into()),
            ("input_tokens_details", input),
            ("output_tokens", usage.completion_tokens.into()),
            ("output_tokens_details", output),
            ("total_tokens", usage.total_tokens().into()),
        ],
    )
}
