//! A whole chat completion.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    chat_message::calls_json,
    choice::Choice,
    context::Context,
    error::ApiError,
    generation::Generation,
    logprobs::{Logprobs, Wanted},
    object::shaped,
    request_metrics::request_metrics,
    usage_json::{Place, usage_json},
};
use crate::{
    engine::FinishReason,
    metrics::ParserMode,
    reasoning::ReasoningStream,
    tools::{Invocations, ParseError, Reading, whole as read_whole},
    usage::Usage,
    version::ShapeName,
};

/// What all parts of the answer to one chat share.
#[derive(Clone, Debug)]
pub(super) struct ChatHead {
    pub(super) id: String,
    pub(super) created: u64,
    /// Who speaks.
    pub(super) role: String,
    pub(super) prompt_tokens: Arc<[u32]>,
    pub(super) logprobs: Option<Wanted>,
    pub(super) return_token_ids: bool,
    pub(super) reading: Reading,
}

impl ChatHead {
    /// `prompt_token_ids`, if asked for.
    pub(super) fn prompt_token_ids(&self) -> Value {
        if self.return_token_ids { json!(*self.prompt_tokens) } else { Value::Null }
    }

    /// `token_ids`, if asked for.
    pub(super) fn token_ids(&self, tokens: &[u32]) -> Value {
        if self.return_token_ids && !self.reading.hides_tokens() { json!(tokens) } else { Value::Null }
    }

    /// `logprobs` of the tokens of a choice that follow the first `sent`, if asked for.
    pub(super) fn logprobs_after(&self, context: &Context, sent: usize, tokens: &[u32]) -> Value {
        let Some(wanted) = self.logprobs.filter(|_| !self.reading.hides_tokens()) else { return Value::Null };
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
) -> Result<Value, ApiError> {
    let wire = &context.wire;
    let choices: Vec<Value> = generation
        .choices
        .iter()
        .enumerate()
        .map(|(index, choice)| choice_json(context, head, index, choice, prefix))
        .collect::<Result<_, _>>()?;
    let last = generation.choices.len().saturating_sub(1);
    let usage =
        Usage { reasoning_tokens: reasoning_tokens(context, &head.reading, generation), ..generation.usage(last) };
    let usage = usage_json(wire, context.app.frontend.prompt_tokens_details, Place::Whole, &usage);
    Ok(shaped(
        wire,
        ShapeName::Chat,
        [
            ("id", head.id.as_str().into()),
            ("object", "chat.completion".into()),
            ("created", head.created.into()),
            ("model", generation.model.as_str().into()),
            ("choices", choices.into()),
            ("system_fingerprint", context.fingerprint()),
            ("usage", usage),
            ("prompt_logprobs", prompt_logprobs),
            ("prompt_token_ids", head.prompt_token_ids()),
            ("metrics", request_metrics(context, Place::Whole, generation)),
        ],
    ))
}

/// The reasoning tokens of all choices, where the server has a parser for them.
pub(super) fn reasoning_tokens(context: &Context, reading: &Reading, generation: &Generation) -> Option<u64> {
    let parser = reading.reasoning?;
    if !reading.thinking.is_expected() {
        return Some(0);
    }
    let tokenizer = &context.app.tokenizer;
    let count = |choice: &Choice| {
        let spoken = choice.token_ids.iter().filter(|token| !tokenizer.is_special(**token));
        let texts: Vec<String> = spoken.map(|token| tokenizer.decode(&[*token])).collect();
        ReasoningStream::count(parser, texts.iter().map(String::as_str))
    };
    Some(generation.choices.iter().map(count).sum())
}

fn choice_json(
    context: &Context,
    head: &ChatHead,
    index: usize,
    choice: &Choice,
    prefix: &str,
) -> Result<Value, ApiError> {
    let wire = &context.wire;
    let finish = choice.finish.map_or(FinishReason::Abort, |finish| finish.reason);
    let mut invocations = Invocations::default();
    let read = read_whole(&head.reading, choice.text(), finish, &mut invocations);
    context.app.metrics.parsed_tools(ParserMode::NonStreaming, invocations);
    let read = read.map_err(|error| match error {
        ParseError::Refused(message) => ApiError::bad_request(message),
        ParseError::Crash => ApiError::internal(""),
    })?;
    let said = match (prefix, read.content) {
        ("", said) => said,
        (prefix, said) => Some(prefix.to_owned() + &said.unwrap_or_default()),
    };
    let message = shaped(
        wire,
        ShapeName::ChatMessage,
        [
            ("role", head.role.as_str().into()),
            ("content", said.into()),
            ("tool_calls", calls_json(context, &read.tool_calls)),
            ("reasoning", read.reasoning.clone().into()),
            ("reasoning_content", read.reasoning.into()),
        ],
    );
    let finish_reason = if read.finished_by_calls { "tool_calls".into() } else { choice.finish_reason() };
    Ok(shaped(
        wire,
        ShapeName::ChatChoice,
        [
            ("index", index.into()),
            ("message", message),
            ("logprobs", head.logprobs_after(context, 0, &choice.token_ids)),
            ("finish_reason", finish_reason),
            ("stop_reason", choice.stop_reason()),
            ("token_ids", head.token_ids(&choice.token_ids)),
        ],
    ))
}
