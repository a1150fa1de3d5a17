//! The chunks of a chat completion.

use serde_json::Value;

use super::{
    chat_answer::ChatHead,
    chat_message::delta_json,
    choice::Delta,
    context::Context,
    error::ApiError,
    generation::Generation,
    object::shaped,
    request_metrics::insert_metrics,
    sse::Outbox,
    told::Told,
    usage_json::{Place, usage_json},
};
use crate::{
    metrics::ParserMode,
    tools::{Fed, Invocations, MessageDelta, ParseError, Reply},
    usage::{EachChunk, FinalUsage, Usage, UsagePlan},
    version::{FinishChunk, ReplyParsing, RoleDelta, ShapeName},
};

/// A chat on its way out: a role for each choice with the first token, deltas, usage if asked for.
#[derive(Debug)]
pub(super) struct ChatStream {
    head: ChatHead,
    plan: UsagePlan,
    generation: Generation,
    /// What `echo` puts before the replies.
    echo: Option<String>,
    /// Why what `echo` would repeat cannot be sent.
    unechoable: Option<ApiError>,
    first_choice: Option<usize>,
    reply: Reply,
    counted: Invocations,
}

impl ChatStream {
    pub(super) fn new(head: ChatHead, plan: UsagePlan, generation: Generation, echo: Option<String>) -> Self {
        let reply = Reply::new(&head.reading, generation.choices.len());
        let counted = Invocations::default();
        Self { head, plan, generation, echo, unechoable: None, first_choice: None, reply, counted }
    }

    /// The same stream, which ends with this error where it would begin to echo.
    pub(super) fn with_unechoable(mut self, error: Option<ApiError>) -> Self {
        self.unechoable = error;
        self
    }

    fn role(&self, context: &Context, index: usize, out: &mut Outbox) {
        let text = match context.features().role_delta {
            RoleDelta::EmptyContent => "".into(),
            RoleDelta::RoleOnly => Value::Null,
        };
        let delta =
            shaped(&context.wire, ShapeName::ChatDelta, [("role", self.head.role.as_str().into()), ("content", text)]);
        let choice =
            shaped(&context.wire, ShapeName::ChatFirstChunkChoice, [("index", index.into()), ("delta", delta)]);
        let usage = self.generation.choices.get(index).map(|choice| Usage {
            completion_tokens: 0,
            reasoning_tokens: self.head.reading.counts_reasoning().then_some(0),
            ..choice.usage()
        });
        let usage = self.each_usage(context, usage);
        out.event(&self.chunk(context, ShapeName::ChatFirstChunk, vec![choice], usage, Value::Null));
    }

    fn echo(&self, context: &Context, index: usize, text: &str, out: &mut Outbox) {
        let choice = chunk_choice(
            context,
            ShapeName::ChatChunkChoice,
            index,
            MessageDelta::content(text),
            [Value::Null, Value::Null],
        );
        out.event(&self.chunk(context, ShapeName::ChatChunk, vec![choice], Value::Null, Value::Null));
    }

    /// What the tokens of a step say, as a chunk; steps that a parser keeps to itself have none.
    fn step(&mut self, context: &Context, step: &Delta, out: &mut Outbox) -> Result<(), ApiError> {
        let finish = self.generation.choices.get(step.choice).and_then(|choice| choice.finish);
        let fed = Fed {
            choice: step.choice,
            text: &step.text,
            tokens: usize::from(step.token.is_some()),
            finish: finish.map(|finish| finish.reason),
        };
        let read = self.reply.feed(fed);
        let invocations = self.reply.invocations();
        context.app.metrics.parsed_tools(ParserMode::Streaming, invocations.since(self.counted));
        self.counted = invocations;
        let read = read.map_err(|error| match error {
            ParseError::Refused(message) => ApiError::bad_request(message),
            ParseError::Crash => ApiError::internal(""),
        })?;
        let shows_tokens = !self.head.reading.hides_tokens()
            && (self.head.return_token_ids
                || self.head.reading.parsing == ReplyParsing::Unified && self.head.logprobs.is_some());
        if let Some(message) = read.or_else(|| shows_tokens.then(MessageDelta::default)) {
            self.message(context, step, message, out);
        }
        Ok(())
    }

    fn message(&self, context: &Context, delta: &Delta, message: MessageDelta, out: &mut Outbox) {
        let wire = &context.wire;
        let Some(choice) = self.generation.choices.get(delta.choice) else { return };
        let tokens = delta.tokens();
        let sent = choice.token_ids.len() - tokens.len();
        let logprobs = self.head.logprobs_after(context, sent, &choice.token_ids);
        let token_ids = self.head.token_ids(&tokens);
        let counts = self.head.reading.counts_reasoning();
        let usage =
            Usage { reasoning_tokens: counts.then(|| self.reply.reasoning_tokens(delta.choice)), ..choice.usage() };
        let usage = self.each_usage(context, Some(usage));
        let finished = choice.finish.is_some();
        let separate = wire.features.finish_chunk == FinishChunk::Separate;
        let fingerprint =
            if finished && self.plan.last == FinalUsage::NotSent { context.fingerprint() } else { Value::Null };
        if finished && !separate {
            let chunk_choice = self.last_choice(context, delta.choice, message, [logprobs, token_ids]);
            out.event(&self.chunk(context, ShapeName::ChatChunk, vec![chunk_choice], usage, fingerprint));
            return;
        }
        if !(separate && delta.text.is_empty()) {
            let details = [logprobs, token_ids];
            let chunk_choice = chunk_choice(context, ShapeName::ChatChunkChoice, delta.choice, message, details);
            out.event(&self.chunk(context, ShapeName::ChatChunk, vec![chunk_choice], usage.clone(), Value::Null));
        }
        if finished {
            let chunk_choice =
                self.last_choice(context, delta.choice, MessageDelta::default(), [Value::Null, Value::Null]);
            out.event(&self.chunk(context, ShapeName::ChatChunk, vec![chunk_choice], usage, fingerprint));
        }
    }

    fn last_choice(
        &self,
        context: &Context,
        index: usize,
        message: MessageDelta,
        [logprobs, token_ids]: [Value; 2],
    ) -> Value {
        let choice = self.generation.choices.get(index);
        let finish = choice.and_then(|choice| choice.finish);
        let by_calls = finish.is_some_and(|finish| self.reply.finished_by_calls(index, finish.reason));
        let reason = choice.map_or(Value::Null, super::choice::Choice::finish_reason);
        let delta = delta_json(context, message);
        shaped(
            &context.wire,
            ShapeName::ChatLastChunkChoice,
            [
                ("index", index.into()),
                ("delta", delta),
                ("logprobs", logprobs),
                ("finish_reason", if by_calls { "tool_calls".into() } else { reason }),
                ("stop_reason", choice.map_or(Value::Null, super::choice::Choice::stop_reason)),
                ("token_ids", token_ids),
            ],
        )
    }

    fn each_usage(&self, context: &Context, usage: Option<Usage>) -> Value {
        match (self.plan.each_chunk, usage) {
            (EachChunk::Counts, Some(usage)) => {
                usage_json(&context.wire, context.app.frontend.prompt_tokens_details, Place::ChatChunk, &usage)
            }
            _ => Value::Null,
        }
    }

    fn chunk(
        &self,
        context: &Context,
        shape: ShapeName,
        choices: Vec<Value>,
        usage: Value,
        fingerprint: Value,
    ) -> Value {
        shaped(
            &context.wire,
            shape,
            [
                ("id", self.head.id.as_str().into()),
                ("object", "chat.completion.chunk".into()),
                ("created", self.head.created.into()),
                ("model", self.generation.model.as_str().into()),
                ("choices", choices.into()),
                ("usage", usage),
                ("system_fingerprint", fingerprint),
                ("prompt_token_ids", self.head.prompt_token_ids()),
            ],
        )
    }
}

impl Told for ChatStream {
    fn generation(&mut self) -> &mut Generation {
        &mut self.generation
    }

    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError> {
        if self.first_choice.is_none() {
            self.first_choice = Some(delta.choice);
            for index in 0..self.generation.choices.len() {
                self.role(context, index, out);
            }
            if let Some(error) = self.unechoable.take() {
                self.generation.abort();
                return Err(error);
            }
            if let Some(text) = self.echo.take() {
                for index in 0..self.generation.choices.len() {
                    self.echo(context, index, &text, out);
                }
            }
        }
        self.step(context, &delta, out)
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        if self.plan.last == FinalUsage::Sent {
            let counted = (0..self.generation.choices.len()).map(|choice| self.reply.reasoning_tokens(choice));
            let usage = Usage {
                reasoning_tokens: self.head.reading.counts_reasoning().then(|| counted.sum()),
                ..self.generation.usage(self.first_choice.unwrap_or(0))
            };
            let usage = usage_json(&context.wire, context.app.frontend.prompt_tokens_details, Place::Last, &usage);
            let mut chunk = self.chunk(context, ShapeName::ChatChunk, Vec::new(), usage, context.fingerprint());
            insert_metrics(context, ShapeName::ChatChunk, &mut chunk, &self.generation);
            out.event(&chunk);
        }
        out.done();
    }
}

fn chunk_choice(
    context: &Context,
    shape: ShapeName,
    index: usize,
    message: MessageDelta,
    [logprobs, token_ids]: [Value; 2],
) -> Value {
    let delta = delta_json(context, message);
    shaped(
        &context.wire,
        shape,
        [("index", index.into()), ("delta", delta), ("logprobs", logprobs), ("token_ids", token_ids)],
    )
}
