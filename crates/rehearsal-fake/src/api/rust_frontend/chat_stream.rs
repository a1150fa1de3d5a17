//! The chunks of a chat completion: the role, what was generated, the reason for the end on a chunk of its own, usage if asked for.

use serde_json::{Value, json};

use super::{
    super::{
        choice::{Choice, Delta},
        context::Context,
        error::ApiError,
        generation::Generation,
        object::shaped,
        sse::Outbox,
        told::Told,
    },
    chat_answer::{ChatHead, call_id, finish_reason},
    refusal::Refusal,
    reply::{ReplyReader, Said},
    usage::Account,
};
use crate::{
    usage::{EachChunk, FinalUsage, Usage, UsagePlan},
    version::ShapeName,
};

/// A chat on its way out.
#[derive(Debug)]
pub(super) struct ChatStream {
    head: ChatHead,
    plan: UsagePlan,
    generation: Generation,
    reader: ReplyReader,
    begun: bool,
}

/// One chunk's choice before it is written.
#[derive(Debug, Default)]
struct Part {
    delta: Value,
    logprobs: Value,
    token_ids: Value,
    finish_reason: Value,
    stop_reason: Value,
}

/// What the chunk of one token says.
#[derive(Debug, Default)]
struct Pieces {
    content: Option<String>,
    reasoning: Option<String>,
    calls: Vec<Value>,
}

impl Pieces {
    fn is_empty(&self) -> bool {
        self.content.is_none() && self.reasoning.is_none() && self.calls.is_empty()
    }

    fn json(self, context: &Context) -> Value {
        let calls = if self.calls.is_empty() { Value::Null } else { self.calls.into() };
        let values = [("content", self.content.into()), ("tool_calls", calls), ("reasoning", self.reasoning.into())];
        shaped(&context.wire, ShapeName::ChatDelta, values)
    }
}

impl ChatStream {
    pub(super) fn new(head: ChatHead, plan: UsagePlan, generation: Generation, reader: ReplyReader) -> Self {
        Self { head, plan, generation, reader, begun: false }
    }

    /// What comes before the first token: the role, and the text that the reply continues.
    fn begin(&self, context: &Context, out: &mut Outbox) {
        let role = shaped(&context.wire, ShapeName::ChatDelta, [("role", "assistant".into())]);
        let part = Part { delta: role, ..Part::default() };
        out.event(&self.chunk(context, part, 0, self.head.prompt_token_ids()));
        if let Some(echo) = &self.head.echo {
            let part = Part { delta: said(context, echo), ..Part::default() };
            out.event(&self.chunk(context, part, 0, Value::Null));
        }
    }

    fn tell(&mut self, context: &Context, delta: &Delta, out: &mut Outbox) {
        let before = self.reader.calls();
        let said = self.reader.push(&delta.text);
        let Some(choice) = self.generation.choices.first() else { return };
        let tokens = delta.token.as_slice();
        let sent = choice.token_ids.len() - tokens.len();
        let so_far = choice.token_ids.len() as u64;
        let hides = !self.head.include_reasoning && said.iter().any(|piece| matches!(piece, Said::Reasoning(_)));
        let (logprobs, token_ids) = match tokens {
            [] => (Value::Null, Value::Null),
            _ if hides => (Value::Null, Value::Null),
            tokens => (self.head.logprobs_after(context, sent, &choice.token_ids), self.head.token_ids(tokens)),
        };
        // pieces share a chunk where something is told of their token
        let shared = self.plan.each_chunk == EachChunk::Counts || !logprobs.is_null() || !token_ids.is_null();
        self.pieces(context, said, (before, so_far, shared), [logprobs, token_ids], out);
        if choice.finish.is_none() {
            return;
        }
        let before = self.reader.calls();
        let rest = self.reader.finish();
        self.pieces(context, rest, (before, so_far, shared), [Value::Null, Value::Null], out);
        if let Some(choice) = self.generation.choices.first() {
            let part = ended(context, choice, finish_reason(choice, &self.head, self.reader.calls()));
            out.event(&self.chunk(context, part, so_far, Value::Null));
        }
    }

    /// The chunks of what one token brought. A token that has no text yet makes none, unless something is to be told of the token itself.
    fn pieces(
        &self,
        context: &Context,
        said: Vec<Said>,
        (mut calls, so_far, shared): (usize, u64, bool),
        [logprobs, token_ids]: [Value; 2],
        out: &mut Outbox,
    ) {
        let mut part = Part { logprobs, token_ids, ..Part::default() };
        let mut pieces = Pieces::default();
        for piece in said {
            match piece {
                Said::Reasoning(_) if !self.head.include_reasoning => continue,
                Said::Text(text) => pieces.content.get_or_insert_default().push_str(&text),
                Said::Reasoning(text) => pieces.reasoning.get_or_insert_default().push_str(&text),
                Said::Call { name } => {
                    let id = call_id(context);
                    pieces
                        .calls
                        .push(json!({"index": calls, "id": id, "type": "function", "function": {"name": name}}));
                    calls += 1;
                }
                Said::Arguments(text) => {
                    let index = calls.saturating_sub(1);
                    pieces.calls.push(json!({"index": index, "function": {"arguments": text}}));
                }
            }
            if !shared {
                part.delta = std::mem::take(&mut pieces).json(context);
                out.event(&self.chunk(context, std::mem::take(&mut part), so_far, Value::Null));
            }
        }
        if shared && !(pieces.is_empty() && part.logprobs.is_null() && part.token_ids.is_null()) {
            part.delta = pieces.json(context);
            out.event(&self.chunk(context, part, so_far, Value::Null));
        }
    }

    /// A chunk with a choice, when so many tokens have been generated.
    fn chunk(&self, context: &Context, part: Part, tokens: u64, prompt_token_ids: Value) -> Value {
        let choice = shaped(
            &context.wire,
            ShapeName::ChatLastChunkChoice,
            [
                ("index", 0.into()),
                ("delta", part.delta),
                ("logprobs", part.logprobs),
                ("finish_reason", part.finish_reason),
                ("stop_reason", part.stop_reason),
                ("token_ids", part.token_ids),
            ],
        );
        let usage = match (self.plan.each_chunk, self.generation.choices.first()) {
            (EachChunk::Counts, Some(choice)) => {
                let usage = Usage { completion_tokens: tokens, ..choice.usage() };
                Account { usage, reasoning_tokens: self.reader.reasoning_tokens() }.running(context)
            }
            _ => Value::Null,
        };
        self.object(context, vec![choice], usage, prompt_token_ids)
    }

    fn object(&self, context: &Context, choices: Vec<Value>, usage: Value, prompt_token_ids: Value) -> Value {
        shaped(
            &context.wire,
            ShapeName::ChatFirstChunk,
            [
                ("id", self.head.id.as_str().into()),
                ("object", "chat.completion.chunk".into()),
                ("created", self.head.created.into()),
                ("model", self.generation.model.as_str().into()),
                ("choices", choices.into()),
                ("usage", usage),
                ("prompt_token_ids", prompt_token_ids),
            ],
        )
    }

    fn last(&self, context: &Context, out: &mut Outbox) {
        if self.plan.last == FinalUsage::Sent {
            let account = Account { usage: self.generation.usage(0), reasoning_tokens: self.reader.reasoning_tokens() };
            out.event(&self.object(context, Vec::new(), account.last(context), Value::Null));
        }
        out.done();
    }
}

impl Told for ChatStream {
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

/// A delta with that text; none at all leaves it empty.
fn said(context: &Context, text: &str) -> Value {
    let text = if text.is_empty() { Value::Null } else { text.into() };
    shaped(&context.wire, ShapeName::ChatDelta, [("content", text)])
}

fn ended(context: &Context, choice: &Choice, finish_reason: Value) -> Part {
    Part { delta: said(context, ""), finish_reason, stop_reason: choice.stop_reason(), ..Part::default() }
}
