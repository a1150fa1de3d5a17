//! A response in events as 0.13.0 tells it (`_process_simple_streaming_events` of `entrypoints/openai/serving_responses.py`), bugs kept:
//! `content_index` counts events, the message after a thought is opened with the thought's id, tools are not recognized, and the
//! completed response holds what the last delta alone would come to.

use serde_json::{Value, json};

use super::{
    answer::ResponseHead,
    items::{Status, message, reasoning, text_part},
    stream::{Numbers, delta_logprobs},
};
use crate::{
    api::{
        choice::Delta,
        context::Context,
        error::ApiError,
        generation::Generation,
        said::{Listener, Said},
        sse::Outbox,
        told::Told,
    },
    tools::{Reading, ToolChoice},
};

/// A response on its way out.
#[derive(Debug)]
pub(super) struct DeltaStream {
    head: ResponseHead,
    generation: Generation,
    numbers: Numbers,
    begun: bool,
    content_index: u64,
    output_index: usize,
    item_id: Option<String>,
    said: Option<Speech>,
    last_delta: String,
    listener: Listener,
}

/// What the deltas since the last change of kind were.
#[derive(Debug)]
enum Speech {
    Thought(String),
    Text(String),
}

impl DeltaStream {
    pub(super) fn new(head: ResponseHead, generation: Generation) -> Self {
        // calls are not looked for in this stream
        let reading = Reading { tools: None, choice: ToolChoice::None, ..head.reading.clone() };
        Self {
            listener: Listener::new(&reading),
            head,
            generation,
            numbers: Numbers::default(),
            begun: false,
            content_index: 0,
            output_index: 0,
            item_id: None,
            said: None,
            last_delta: String::new(),
        }
    }

    fn add(&mut self, context: &Context, said: Said, logprobs: &Value, out: &mut Outbox) {
        let thinks = said.reasoning.as_ref().is_some_and(|thought| !thought.is_empty());
        if self.item_id.is_none() {
            let id = uuid(context);
            let item = if thinks {
                reasoning(&id, None, Some(Status::InProgress))
            } else {
                message(&id, &[], Status::InProgress)
            };
            self.numbers.item("response.output_item.added", self.output_index, &item, out);
            self.item_id = Some(id);
            self.part_added(out);
        }
        if said.content.is_some() && matches!(self.said, Some(Speech::Thought(_))) {
            self.end_thought(context, out);
        }
        if let Some(thought) = said.reasoning {
            let event = json!({
                "content_index": self.content_index, "delta": thought, "item_id": self.item_id, "output_index": self.output_index,
                "sequence_number": self.numbers.next(), "type": "response.reasoning_text.delta",
            });
            out.named("response.reasoning_text.delta", &event);
            match &mut self.said {
                Some(Speech::Thought(all)) => all.push_str(&thought),
                _ => self.said = Some(Speech::Thought(thought)),
            }
        } else if let Some(text) = said.content {
            let event = json!({
                "content_index": self.content_index, "delta": text, "item_id": self.item_id, "logprobs": delta_logprobs(logprobs),
                "output_index": self.output_index, "sequence_number": self.numbers.next(), "type": "response.output_text.delta",
            });
            out.named("response.output_text.delta", &event);
            match &mut self.said {
                Some(Speech::Text(all)) => all.push_str(&text),
                _ => self.said = Some(Speech::Text(text)),
            }
        }
        self.content_index += 1;
    }

    /// The message that follows is announced under the thought's number and id, and filled under its own.
    fn end_thought(&mut self, context: &Context, out: &mut Outbox) {
        self.thought_done(out);
        self.content_index = 0;
        let id = self.item_id.clone().unwrap_or_default();
        let item = message(&id, &[], Status::InProgress);
        self.numbers.item("response.output_item.added", self.output_index, &item, out);
        self.output_index += 1;
        self.item_id = Some(uuid(context));
        self.part_added(out);
        self.said = None;
    }

    fn part_added(&mut self, out: &mut Outbox) {
        let event = json!({
            "content_index": self.content_index, "item_id": self.item_id, "output_index": self.output_index,
            "part": text_part("", &json!([])), "sequence_number": self.numbers.next(), "type": "response.content_part.added",
        });
        out.named("response.content_part.added", &event);
        self.content_index += 1;
    }

    fn thought_done(&mut self, out: &mut Outbox) {
        let Some(Speech::Thought(text)) = self.said.take() else { return };
        let event = json!({
            "content_index": self.content_index, "item_id": self.item_id, "output_index": self.output_index,
            "sequence_number": self.numbers.next(), "text": text, "type": "response.reasoning_text.done",
        });
        out.named("response.reasoning_text.done", &event);
        self.content_index += 1;
        let item = reasoning(self.item_id.as_deref().unwrap_or_default(), Some(&text), Some(Status::Completed));
        self.numbers.item("response.output_item.done", self.output_index, &item, out);
    }

    fn text_done(&mut self, out: &mut Outbox) {
        let Some(Speech::Text(text)) = self.said.take() else { return };
        let event = json!({
            "content_index": self.content_index, "item_id": self.item_id, "logprobs": [], "output_index": self.output_index,
            "sequence_number": self.numbers.next(), "text": text, "type": "response.output_text.done",
        });
        out.named("response.output_text.done", &event);
        let part = text_part(&text, &Value::Null);
        let event = json!({
            "content_index": self.content_index + 1, "item_id": self.item_id, "output_index": self.output_index, "part": part,
            "sequence_number": self.numbers.next(), "type": "response.content_part.done",
        });
        out.named("response.content_part.done", &event);
        let mut item = message(self.item_id.as_deref().unwrap_or_default(), &[part], Status::Completed);
        item["summary"] = json!([]);
        self.numbers.item("response.output_item.done", self.output_index, &item, out);
    }
}

/// A UUID of version 4 in form.
fn uuid(context: &Context) -> String {
    let digits = format!("{:0>16}{:0>16}", context.new_id(), context.new_id());
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

impl Told for DeltaStream {
    fn generation(&mut self) -> &mut Generation {
        &mut self.generation
    }

    fn open(&mut self, context: &Context, out: &mut Outbox) -> bool {
        if self.begun {
            return false;
        }
        self.begun = true;
        let response = self.head.unfinished(context, "in_progress");
        self.numbers.response("response.created", &response, out);
        self.numbers.response("response.in_progress", &response, out);
        true
    }

    fn delta(&mut self, context: &Context, delta: Delta, out: &mut Outbox) -> Result<(), ApiError> {
        let Some(choice) = self.generation.choices.first() else { return Ok(()) };
        let sent = choice.token_ids.len().saturating_sub(delta.tokens().len());
        let logprobs = self.head.logprobs_after(context, sent, &choice.token_ids);
        self.last_delta.clone_from(&delta.text);
        if let Some(said) = self.listener.hear(context, choice, &delta)? {
            self.add(context, said, &logprobs, out);
        }
        Ok(())
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        match self.said {
            Some(Speech::Thought(_)) => self.thought_done(out),
            Some(Speech::Text(_)) => self.text_done(out),
            None => {}
        }
        let last = Said::text(std::mem::take(&mut self.last_delta));
        let choice = self.generation.choices.first();
        let output = choice.map(|choice| self.head.output(context, choice, &last)).unwrap_or_default();
        let response = self.head.finished(context, &self.generation, output);
        self.numbers.response("response.completed", &response, out);
    }

    /// The exception ends the stream without a word.
    fn failed(&mut self, _: &Context, _: ApiError, _: &mut Outbox) {}
}
