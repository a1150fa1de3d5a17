//! What `/inference/v1/generate` answers, whole and streamed.

use serde_json::{Value, json};

use super::{
    choice::{Choice, Delta},
    completion_answer::completion_usage,
    context::Context,
    error::ApiError,
    generate_tokens::weight_versions,
    generation::Generation,
    logprobs::{Logprobs, Wanted},
    object::shaped,
    options::PromptTokensDetails,
    sse::Outbox,
    told::Told,
    usage_json::{Place, usage_json},
};
use crate::{
    usage::{EachChunk, FinalUsage, UsagePlan},
    version::ShapeName,
};

/// What all parts of one answer share.
#[derive(Clone, Debug)]
pub(super) struct GenerateHead {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) logprobs: Option<Wanted>,
}

impl GenerateHead {
    fn choice(&self, context: &Context, index: usize, choice: &Choice, from: usize) -> Value {
        let tokens = choice.token_ids.get(from..).unwrap_or_default();
        let logprobs = self.logprobs.map_or(Value::Null, |wanted| {
            let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
            let so_far = |count: usize| choice.token_ids.get(..count).unwrap_or_default();
            let entry = |index: usize| logprobs.chat_entry(&context.wire, so_far(index + 1));
            json!({"content": (from..choice.token_ids.len()).filter_map(entry).collect::<Vec<_>>()})
        });
        let finished = choice.finish.is_some();
        shaped(
            &context.wire,
            ShapeName::GenerateTokensChoice,
            [
                ("index", index.into()),
                ("logprobs", logprobs),
                ("finish_reason", choice.finish_reason()),
                ("stop_reason", choice.stop_reason()),
                ("token_ids", json!(tokens)),
                ("weight_versions", if finished { weight_versions(choice.token_ids.len()) } else { Value::Null }),
            ],
        )
    }
}

/// The body of a whole answer.
pub(super) fn whole(context: &Context, head: &GenerateHead, generation: &Generation) -> Value {
    let choices: Vec<Value> =
        (0..).zip(&generation.choices).map(|(index, choice)| head.choice(context, index, choice, 0)).collect();
    let last = generation.choices.len().saturating_sub(1);
    let details = context.app.frontend.prompt_tokens_details;
    shaped(
        &context.wire,
        ShapeName::GenerateTokens,
        [
            ("request_id", head.id.as_str().into()),
            ("model", generation.model.as_str().into()),
            ("created", head.created.into()),
            ("usage", usage_json(&context.wire, details, Place::Whole, &completion_usage(generation, last))),
            ("output_mode", "tokens".into()),
            ("choices", choices.into()),
        ],
    )
}

/// The events of a streamed answer.
#[derive(Debug)]
pub(super) struct GenerateStream {
    head: GenerateHead,
    plan: UsagePlan,
    generation: Generation,
}

impl GenerateStream {
    pub(super) fn new(head: GenerateHead, plan: UsagePlan, generation: Generation) -> Self {
        Self { head, plan, generation }
    }

    fn chunk(&self, context: &Context, usage: Value, choices: Vec<Value>) -> Value {
        shaped(
            &context.wire,
            ShapeName::GenerateTokensChunk,
            [
                ("request_id", self.head.id.as_str().into()),
                ("usage", usage),
                ("output_mode", "tokens".into()),
                ("choices", choices.into()),
            ],
        )
    }
}

impl Told for GenerateStream {
    fn generation(&mut self) -> &mut Generation {
        &mut self.generation
    }

    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError> {
        let Some(choice) = self.generation.choices.get(delta.choice) else { return Ok(()) };
        let from = choice.token_ids.len() - usize::from(delta.token.is_some());
        let usage = match self.plan.each_chunk {
            EachChunk::Counts => usage_json(&context.wire, PromptTokensDetails::Hidden, Place::Whole, &choice.usage()),
            EachChunk::Null | EachChunk::Absent => Value::Null,
        };
        let choice = self.head.choice(context, delta.choice, choice, from);
        out.event(&self.chunk(context, usage, vec![choice]));
        Ok(())
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        if self.plan.last == FinalUsage::Sent {
            let details = context.app.frontend.prompt_tokens_details;
            let usage = usage_json(&context.wire, details, Place::Last, &completion_usage(&self.generation, 0));
            out.event(&self.chunk(context, usage, Vec::new()));
        }
        out.done();
    }
}
