//! `usage` of a message: that of the chat, with the cached tokens taken out of the input.

use serde_json::{Value, json};

use crate::{
    api::{
        context::Context,
        object::shaped,
        usage_json::{Place, usage_json},
    },
    usage::Usage,
    version::ShapeName,
};

/// The object for that place of the chat's answer.
pub(super) fn messages_usage(context: &Context, place: Place, usage: &Usage) -> Value {
    let wire = &context.wire;
    let chat = usage_json(wire, context.app.frontend.prompt_tokens_details, place, usage);
    let detail = |key: &str| chat["prompt_tokens_details"][key].as_u64();
    let (read, created) = (detail("cached_tokens"), detail("created_cache_tokens"));
    let splits = wire.shapes.get(ShapeName::MessagesUsage).slots.iter().any(|slot| slot.key.starts_with("cache_"));
    let cached = if splits { read.unwrap_or(0) + created.unwrap_or(0) } else { 0 };
    shaped(
        wire,
        ShapeName::MessagesUsage,
        [
            ("input_tokens", usage.prompt_tokens.saturating_sub(cached).into()),
            ("output_tokens", usage.completion_tokens.into()),
            ("cache_creation_input_tokens", json!(created)),
            ("cache_read_input_tokens", json!(read)),
        ],
    )
}
