//! A message in events.

use serde_json::{Value, json};

use super::{answer::stop, blocks::Blocks, error::kind_and_message, usage::messages_usage};
use crate::{
    api::{
        choice::{Choice, Delta},
        context::Context,
        error::ApiError,
        generation::Generation,
        object::shaped,
        said::Listener,
        sse::Outbox,
        told::Told,
        usage_json::Place,
    },
    tools::Reading,
    usage::Usage,
    version::{DoneMarker, LastDelta, ShapeName},
};

/// A message on its way out: its start with the first token, blocks and their deltas, its end.
#[derive(Debug)]
pub(super) struct MessagesStream {
    id: String,
    generation: Generation,
    blocks: Blocks,
    begun: bool,
    listener: Listener,
}

impl MessagesStream {
    pub(super) fn new(id: String, generation: Generation, reading: &Reading) -> Self {
        Self { id, generation, blocks: Blocks::default(), begun: false, listener: Listener::new(reading) }
    }

    fn start(&self, context: &Context, choice: &Choice, out: &mut Outbox) {
        let usage = Usage { completion_tokens: 0, ..choice.usage() };
        let message = shaped(
            &context.wire,
            ShapeName::MessagesStart,
            [
                ("id", self.id.as_str().into()),
                ("type", "message".into()),
                ("role", "assistant".into()),
                ("content", Value::Array(Vec::new())),
                ("model", self.generation.model.as_str().into()),
                ("usage", messages_usage(context, Place::ChatChunk, &usage)),
            ],
        );
        out.named("message_start", &json!({"type": "message_start", "message": message}));
    }

    fn done(context: &Context, out: &mut Outbox) {
        if context.features().messages_done_marker == DoneMarker::Sent {
            out.done();
        }
    }
}

impl Told for MessagesStream {
    fn generation(&mut self) -> &mut Generation {
        &mut self.generation
    }

    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError> {
        let Some(choice) = self.generation.choices.get(delta.choice) else { return Ok(()) };
        if !self.begun {
            self.begun = true;
            self.start(context, choice, out);
        }
        let said = self.listener.hear(context, choice, &delta)?;
        let lost = choice.finish.is_some() && context.features().messages_last_delta == LastDelta::Lost;
        if let (false, Some(said)) = (lost, said) {
            self.blocks.add(context, said, out);
        }
        Ok(())
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        self.blocks.close(out);
        if let Some(choice) = self.generation.choices.first() {
            let (reason, sequence) = stop(context, choice, self.blocks.called_tools());
            let values = [("stop_reason", reason), ("stop_sequence", sequence)];
            let delta = shaped(&context.wire, ShapeName::MessagesStop, values);
            let usage = messages_usage(context, Place::Last, &self.generation.usage(0));
            out.named("message_delta", &json!({"type": "message_delta", "delta": delta, "usage": usage}));
        }
        out.named("message_stop", &json!({"type": "message_stop"}));
        Self::done(context, out);
    }

    fn failed(&mut self, context: &Context, error: ApiError, out: &mut Outbox) {
        let (_, message) = kind_and_message(context.features(), &error);
        out.named("error", &json!({"type": "error", "error": {"type": "internal_error", "message": message}}));
        Self::done(context, out);
    }
}
