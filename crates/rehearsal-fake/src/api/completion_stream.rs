//! The chunks of a text completion.

use serde_json::{Value, json};

use super::{
    choice::{Choice, Delta},
    completion_answer::{CompletionHead, completion_usage},
    context::Context,
    error::ApiError,
    generation::Generation,
    logprobs::Logprobs,
    object::shaped,
    request_metrics::insert_metrics,
    sse::Outbox,
    told::Told,
    usage_json::{Place, usage_json},
};
use crate::{
    usage::{EachChunk, FinalUsage, UsagePlan},
    version::{FinishChunk, ShapeName, TextOffsets},
};

/// A completion on its way out.
#[derive(Debug)]
pub(super) struct CompletionStream {
    head: CompletionHead,
    plan: UsagePlan,
    generation: Generation,
    first_choice: Option<usize>,
    /// Characters of token names sent so far, a choice: where the next `text_offset` begins.
    offsets: Vec<usize>,
}

impl CompletionStream {
    pub(super) fn new(head: CompletionHead, plan: UsagePlan, generation: Generation) -> Self {
        let choices = generation.choices.len();
        Self { head, plan, generation, first_choice: None, offsets: vec![0; choices] }
    }

    fn tell(&mut self, context: &Context, delta: Delta, out: &mut Outbox) {
        let Some(choice) = self.generation.choices.get(delta.choice) else { return };
        let Some(prompt) = self.head.prompts.get(choice.prompt) else { return };
        let wire = &context.wire;
        let first = choice.token_ids.len() <= 1;
        let shown = if self.head.hides_token { Vec::new() } else { delta.tokens() };
        let echoed: &[u32] = if first && self.head.echo { &prompt.tokens } else { &[] };
        // the offsets of old versions advance by the generated text alone, an echoed prompt is not counted
        let advance = delta.text.chars().count();
        let text = match (first && self.head.echo, self.head.hides_token) {
            (true, true) => self.head.echoed_text(prompt).to_owned(),
            (true, false) => format!("{}{}", self.head.echoed_text(prompt), delta.text),
            (false, _) => delta.text,
        };
        let logprobs = match self.head.logprobs {
            None => Value::Null,
            Some(wanted) => {
                let generated = if self.head.hides_token { &[] } else { choice.token_ids.as_slice() };
                let start = self.offsets.get(delta.choice).copied().unwrap_or(0);
                let mut end = start;
                let logprobs = Logprobs { tokenizer: &context.app.tokenizer, wanted };
                let told = logprobs.completion(wire, (echoed, generated), generated.len() - shown.len(), &mut end);
                if let Some(offset) = self.offsets.get_mut(delta.choice) {
                    *offset = match wire.features.text_offsets {
                        TextOffsets::Text => start + advance,
                        TextOffsets::Tokens => end,
                    };
                }
                told
            }
        };
        // 0.13 sends the ids of an echoed prompt whether or not they are asked for
        let tells_prompt = first && (self.head.return_token_ids || self.head.echo);
        let prompt_token_ids = if tells_prompt { json!(*prompt.tokens) } else { Value::Null };
        let token_ids = self.head.token_ids(&shown);
        let separate = wire.features.finish_chunk == FinishChunk::Separate;
        let finished = choice.finish.is_some();
        let says = |separate_says: bool| finished && (separate == separate_says);
        let (reason, stop_reason) = if says(false) { ended(choice) } else { (Value::Null, Value::Null) };
        if !(separate && text.is_empty()) {
            let values = [
                ("index", delta.choice.into()),
                ("text", text.into()),
                ("logprobs", logprobs),
                ("finish_reason", reason),
                ("stop_reason", stop_reason),
                ("prompt_token_ids", prompt_token_ids),
                ("token_ids", token_ids),
            ];
            let chunk_choice = shaped(wire, ShapeName::CompletionChunkChoice, values);
            out.event(&self.chunk(context, Some(chunk_choice), choice, says(false)));
        }
        if says(true) {
            let (reason, stop_reason) = ended(choice);
            let values = [
                ("index", delta.choice.into()),
                ("text", "".into()),
                ("finish_reason", reason),
                ("stop_reason", stop_reason),
            ];
            let chunk_choice = shaped(wire, ShapeName::CompletionChunkChoice, values);
            out.event(&self.chunk(context, Some(chunk_choice), choice, true));
        }
    }

    /// A chunk with one choice; `finishes` says that it is the last of that choice.
    fn chunk(&self, context: &Context, chunk_choice: Option<Value>, choice: &Choice, finishes: bool) -> Value {
        let details = context.app.frontend.prompt_tokens_details;
        let usage = match self.plan.each_chunk {
            EachChunk::Counts => usage_json(&context.wire, details, Place::CompletionChunk, &choice.usage()),
            EachChunk::Null | EachChunk::Absent => Value::Null,
        };
        let last_json = finishes && self.plan.last == FinalUsage::NotSent;
        let fingerprint = if last_json { context.fingerprint() } else { Value::Null };
        self.object(context, chunk_choice, usage, fingerprint)
    }

    fn object(&self, context: &Context, choice: Option<Value>, usage: Value, fingerprint: Value) -> Value {
        shaped(
            &context.wire,
            ShapeName::CompletionChunk,
            [
                ("id", self.head.id.as_str().into()),
                ("object", "text_completion".into()),
                ("created", self.head.created.into()),
                ("model", self.generation.model.as_str().into()),
                ("choices", Value::Array(choice.into_iter().collect())),
                ("usage", usage),
                ("system_fingerprint", fingerprint),
            ],
        )
    }
}

impl Told for CompletionStream {
    fn generation(&mut self) -> &mut Generation {
        &mut self.generation
    }

    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError> {
        self.first_choice.get_or_insert(delta.choice);
        self.tell(context, delta, out);
        Ok(())
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        if self.plan.last == FinalUsage::Sent {
            let usage = completion_usage(&self.generation, self.first_choice.unwrap_or(0));
            let usage = usage_json(&context.wire, context.app.frontend.prompt_tokens_details, Place::Last, &usage);
            let mut chunk = self.object(context, None, usage, context.fingerprint());
            insert_metrics(context, ShapeName::CompletionChunk, &mut chunk, &self.generation);
            out.event(&chunk);
        }
        out.done();
    }
}

fn ended(choice: &Choice) -> (Value, Value) {
    (choice.finish_reason(), choice.stop_reason())
}
