//! A whole chat completion.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    context::Context,
    generation::{Choice, Generation},
    logprobs::{Logprobs, Wanted},
    object::shaped,
    request_metrics::request_metrics,
    usage_json::{Place, usage_json},
};
use crate::version::ShapeName;

/// What all parts of the answer to one chat share.
#[derive(Clone, Debug)]
pub(super) struct ChatHead {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) prompt_tokens: Arc<[u32]>,
    pub(super) logprobs: Option<Wanted>,
    pub(super) return_token_ids: bool,
}

impl ChatHead {
    /// `prompt_token_ids`, if asked for.
    pub(super) fn prompt_token_ids(&self) -> Value {
        if self.return_token_ids { json!(*self.prompt_tokens) } else { Value::Null }
    }

    /// `token_ids`, if asked for.
    pub(super) fn token_ids(&self, tokens: &[u32]) -> Value {
        if self.return_token_ids { json!(tokens) } else { Value::Null }
    }

    /// `logprobs` of the tokens of a choice that follow the first `sent`, if asked for.
    pub(super) fn logprobs_after(&self, context: &Context, sent: usize, tokens: &[u32]) -> Value {
        let Some(wanted) = self.logprobs else { return Value::Null };
        let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
        let so_far = |count: usize| tokens.get(..count).unwrap_or_default();
        let entries: Vec<Value> =
            (sent..tokens.len()).filter_map(|index| logprobs.chat_entry(&context.wire, so_far(index + 1))).collect();
        json!({ "content": entries })
    }
}

/// The body of the answer; `prefix` is what `echo` puts before each reply.
pub(super) fn whole(
    context: &Context,
    head: &ChatHead,
    generation: &Generation,
    prefix: &str,
    prompt_logprobs: Value,
) -> Value {
    let wire = &context.wire;
    let choices: Vec<Value> = generation
        .choices
        .iter()
        .enumerate()
        .map(|(index, choice)| choice_json(context, head, index, choice, prefix))
        .collect();
    let last = generation.choices.len().saturating_sub(1);
    let usage = usage_json(wire, context.app.frontend.prompt_tokens_details, Place::Whole, &generation.usage(last));
    shaped(
        wire,
        ShapeName::Chat,
        [
            ("id", head.id.as_str().into()),
            ("object", "chat.completion".into()),
            ("created", head.created.into()),
            ("model", context.app.frontend.model_name().into()),
            ("choices", choices.into()),
            ("system_fingerprint", context.fingerprint()),
            ("usage", usage),
            ("prompt_logprobs", prompt_logprobs),
            ("prompt_token_ids", head.prompt_token_ids()),
            ("metrics", request_metrics(context, Place::Whole, generation)),
        ],
    )
}

fn choice_json(context: &Context, head: &ChatHead, index: usize, choice: &Choice, prefix: &str) -> Value {
    let wire = &context.wire;
    let no_tool_calls = Value::Array(Vec::new());
    let omits_empty =
        wire.shapes.get(ShapeName::ChatMessage).slots.iter().any(|slot| slot.key == "tool_calls" && slot.omit_null);
    let message = shaped(
        wire,
        ShapeName::ChatMessage,
        [
            ("role", "assistant".into()),
            ("content", format!("{prefix}{}", choice.text()).into()),
            ("tool_calls", if omits_empty { Value::Null } else { no_tool_calls }),
        ],
    );
    shaped(
        wire,
        ShapeName::ChatChoice,
        [
            ("index", index.into()),
            ("message", message),
            ("logprobs", head.logprobs_after(context, 0, &choice.token_ids)),
            ("finish_reason", choice.finish_reason()),
            ("stop_reason", choice.stop_reason()),
            ("token_ids", head.token_ids(&choice.token_ids)),
        ],
    )
}
