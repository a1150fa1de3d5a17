//! The chunks of a text completion: the prompt if it is repeated, a chunk a token, the reason for the end on one of its own, usage if
//! asked for.

use serde_json::{Value, json};

use super::{
    super::{
        choice::Delta, context::Context, error::ApiError, generation::Generation, object::shaped, sse::Outbox,
        told::Told,
    },
    completion_answer::CompletionHead,
    refusal::Refusal,
    usage::Account,
};
use crate::{
    usage::{EachChunk, FinalUsage, Usage, UsagePlan},
    version::ShapeName,
};

/// A completion on its way out.
#[derive(Debug)]
pub(super) struct CompletionStream {
    head: CompletionHead,
    plan: UsagePlan,
    generation: Generation,
    begun: bool,
    /// Characters sent so far: where the next `text_offset` begins.
    sent: usize,
}

/// One chunk's choice before it is written.
#[derive(Debug, Default)]
struct Part<'a> {
    text: &'a str,
    logprobs: Value,
    finish_reason: Value,
    stop_reason: Value,
    /// The tokens of the text.
    tokens: &'a [u32],
    prompt_token_ids: Value,
}

impl CompletionStream {
    pub(super) fn new(head: CompletionHead, plan: UsagePlan, generation: Generation) -> Self {
        Self { head, plan, generation, begun: false, sent: 0 }
    }

    /// What comes before the first token: the prompt, or its ids alone.
    fn begin(&mut self, context: &Context, out: &mut Outbox) {
        if !(self.head.echo || self.head.return_token_ids) {
            return;
        }
        let text = if self.head.echo { self.head.prompt.text.as_str() } else { "" };
        let tokens = &self.head.prompt.tokens;
        let logprobs =
            if self.head.prompt_only { self.head.logprobs(context, (tokens, &[]), 0, 0) } else { Value::Null };
        let sent = text.chars().count();
        let part = Part { text, logprobs, prompt_token_ids: self.head.prompt_token_ids(), ..Part::default() };
        out.event(&self.chunk(context, part, 0));
        self.sent = sent;
    }

    fn tell(&mut self, context: &Context, delta: &Delta, out: &mut Outbox) {
        let Some(choice) = self.generation.choices.first() else { return };
        let so_far = choice.token_ids.len() as u64;
        let tokens = delta.token.as_slice();
        if !(self.head.prompt_only || tokens.is_empty() && delta.text.is_empty()) {
            let before = choice.token_ids.len() - tokens.len();
            let logprobs = self.head.logprobs(context, (&[], &choice.token_ids), before, self.sent);
            let part = Part { text: &delta.text, logprobs, tokens, ..Part::default() };
            out.event(&self.chunk(context, part, so_far));
            self.sent += delta.text.chars().count();
        }
        if choice.finish.is_some() {
            let part =
                Part { finish_reason: choice.finish_reason(), stop_reason: choice.stop_reason(), ..Part::default() };
            out.event(&self.chunk(context, part, so_far));
        }
    }

    /// A chunk with a choice, when so many tokens have been generated.
    fn chunk(&self, context: &Context, part: Part<'_>, tokens: u64) -> Value {
        let token_ids = if self.head.return_token_ids { json!(part.tokens) } else { Value::Null };
        let choice = shaped(
            &context.wire,
            ShapeName::CompletionChunkChoice,
            [
                ("index", 0.into()),
                ("text", part.text.into()),
                ("logprobs", part.logprobs),
                ("finish_reason", part.finish_reason),
                ("stop_reason", part.stop_reason),
                ("token_ids", token_ids),
                ("prompt_token_ids", part.prompt_token_ids),
            ],
        );
        let usage = match (self.plan.each_chunk, self.generation.choices.first()) {
            (EachChunk::Counts, Some(choice)) => {
                let usage = Usage { completion_tokens: tokens, ..choice.usage() };
                Account { usage, reasoning_tokens: 0 }.running(context)
            }
            _ => Value::Null,
        };
        self.object(context, vec![choice], usage)
    }

    fn object(&self, context: &Context, choices: Vec<Value>, usage: Value) -> Value {
        shaped(
            &context.wire,
            ShapeName::CompletionChunk,
            [
                ("id", self.head.id.as_str().into()),
                ("object", "text_completion".into()),
                ("created", self.head.created.into()),
                ("model", self.generation.model.as_str().into()),
                ("choices", choices.into()),
                ("usage", usage),
            ],
        )
    }

    fn last(&self, context: &Context, out: &mut Outbox) {
        if self.plan.last == FinalUsage::Sent {
            let account = Account { usage: self.generation.usage(0), reasoning_tokens: 0 };
            out.event(&self.object(context, Vec::new(), account.last(context)));
        }
        out.done();
    }
}

impl Told for CompletionStream {
    fn generation(&mut self) -> &mut Generation {
        &mut self.generation
    }

    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError> {
        if !self.begun {
            self.begun = true;
            self.begin(context, out);
        }
        self.tell(context, &delta, out);
        Ok(())
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        self.last(context, out);
    }

    fn failed(&mut self, _: &Context, error: ApiError, out: &mut Outbox) {
        out.event(&Refusal::from(error).json());
        out.done();
    }
}
