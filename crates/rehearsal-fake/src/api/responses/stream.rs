//! A response in events, an item at a time (`SimpleStreamingEventProcessor` of `entrypoints/openai/responses/streaming_events.py`).

use serde_json::{Value, json};

use super::{
    answer::ResponseHead,
    items::{FunctionCall, Status, call_id, message, reasoning, reasoning_part, text_part},
};
use crate::api::{
    choice::Delta,
    context::Context,
    error::ApiError,
    generation::Generation,
    said::{Call, Listener, Said},
    sse::Outbox,
    told::Told,
};

/// A response on its way out: its beginning, then each item opened, filled and closed, then its end.
#[derive(Debug)]
pub(super) struct ItemStream {
    head: ResponseHead,
    generation: Generation,
    numbers: Numbers,
    open: Option<Item>,
    output: Vec<Value>,
    begun: bool,
    listener: Listener,
}

/// Numbers events.
#[derive(Debug, Default)]
pub(super) struct Numbers(u64);

impl Numbers {
    /// The number of the next event.
    pub(super) fn next(&mut self) -> u64 {
        let number = self.0;
        self.0 += 1;
        number
    }

    /// An event about the whole response.
    pub(super) fn response(&mut self, kind: &str, response: &Value, out: &mut Outbox) {
        out.named(kind, &json!({"response": response, "sequence_number": self.next(), "type": kind}));
    }

    /// An event about a whole item.
    pub(super) fn item(&mut self, kind: &str, index: usize, item: &Value, out: &mut Outbox) {
        let event = json!({"item": item, "output_index": index, "sequence_number": self.next(), "type": kind});
        out.named(kind, &event);
    }
}

/// The item being filled.
#[derive(Debug)]
enum Item {
    Message { id: String, text: String },
    Reasoning { id: String, text: String },
    Call { index: usize, call: FunctionCall },
}

impl ItemStream {
    pub(super) fn new(head: ResponseHead, generation: Generation) -> Self {
        let listener = Listener::new(&head.reading);
        Self { head, generation, numbers: Numbers::default(), open: None, output: Vec::new(), begun: false, listener }
    }

    fn add(&mut self, context: &Context, said: Said, logprobs: &Value, out: &mut Outbox) {
        if let Some(thought) = said.reasoning {
            if !matches!(self.open, Some(Item::Reasoning { .. })) {
                self.close(context, out);
                self.open_reasoning(context, out);
            }
            self.fill(&thought, logprobs, out);
        }
        if let Some(text) = said.content.filter(|text| !text.is_empty()) {
            if !matches!(self.open, Some(Item::Message { .. })) {
                self.close(context, out);
                self.open_message(context, out);
            }
            self.fill(&text, logprobs, out);
        }
        for call in said.calls {
            if !matches!(self.open, Some(Item::Call { index, .. }) if index == call.index) {
                self.close(context, out);
                self.open_call(context, &call, out);
            }
            if !call.arguments.is_empty() {
                self.fill(&call.arguments, logprobs, out);
            }
        }
    }

    fn open_message(&mut self, context: &Context, out: &mut Outbox) {
        let id = format!("msg_{}", context.new_id());
        let index = self.output.len();
        self.numbers.item("response.output_item.added", index, &message(&id, &[], Status::InProgress), out);
        self.part("response.content_part.added", &id, &text_part("", &json!([])), out);
        self.open = Some(Item::Message { id, text: String::new() });
    }

    fn open_reasoning(&mut self, context: &Context, out: &mut Outbox) {
        let id = format!("rs_{}", context.new_id());
        let index = self.output.len();
        let item = reasoning(&id, None, Some(Status::InProgress));
        self.numbers.item("response.output_item.added", index, &item, out);
        self.part("response.content_part.added", &id, &reasoning_part(""), out);
        self.open = Some(Item::Reasoning { id, text: String::new() });
    }

    fn open_call(&mut self, context: &Context, said: &Call, out: &mut Outbox) {
        let call = FunctionCall {
            id: format!("fc_{}", context.new_id()),
            call_id: call_id(context, said.id.as_deref()),
            name: said.name.clone().unwrap_or_default(),
            arguments: String::new(),
        };
        let item = call.item(&context.wire, Status::InProgress);
        self.numbers.item("response.output_item.added", self.output.len(), &item, out);
        self.open = Some(Item::Call { index: said.index, call });
    }

    fn fill(&mut self, delta: &str, logprobs: &Value, out: &mut Outbox) {
        let (output, number) = (self.output.len(), self.numbers.next());
        match &mut self.open {
            Some(Item::Message { id, text }) => {
                text.push_str(delta);
                out.named(
                    "response.output_text.delta",
                    &json!({
                        "content_index": 0, "delta": delta, "item_id": id, "logprobs": delta_logprobs(logprobs), "output_index": output,
                        "sequence_number": number, "type": "response.output_text.delta",
                    }),
                );
            }
            Some(Item::Reasoning { id, text }) => {
                text.push_str(delta);
                out.named(
                    "response.reasoning_text.delta",
                    &json!({
                        "content_index": 0, "delta": delta, "item_id": id, "output_index": output,
                        "sequence_number": number, "type": "response.reasoning_text.delta",
                    }),
                );
            }
            Some(Item::Call { call, .. }) => {
                call.arguments.push_str(delta);
                out.named(
                    "response.function_call_arguments.delta",
                    &json!({
                        "delta": delta, "item_id": call.id, "output_index": output,
                        "sequence_number": number, "type": "response.function_call_arguments.delta",
                    }),
                );
            }
            None => {}
        }
    }

    fn close(&mut self, context: &Context, out: &mut Outbox) {
        let Some(open) = self.open.take() else { return };
        let index = self.output.len();
        let item = match open {
            Item::Message { id, text } => {
                out.named(
                    "response.output_text.done",
                    &json!({
                        "content_index": 0, "item_id": id, "logprobs": [], "output_index": index,
                        "sequence_number": self.numbers.next(), "text": text, "type": "response.output_text.done",
                    }),
                );
                let part = text_part(&text, &Value::Null);
                self.part("response.content_part.done", &id, &part, out);
                message(&id, &[part], Status::Completed)
            }
            Item::Reasoning { id, text } => {
                out.named(
                    "response.reasoning_text.done",
                    &json!({
                        "content_index": 0, "item_id": id, "output_index": index,
                        "sequence_number": self.numbers.next(), "text": text, "type": "response.reasoning_text.done",
                    }),
                );
                self.part("response.content_part.done", &id, &reasoning_part(&text), out);
                reasoning(&id, Some(&text), Some(Status::Completed))
            }
            Item::Call { call, .. } => {
                if !call.arguments.is_empty() {
                    out.named(
                        "response.function_call_arguments.done",
                        &json!({
                            "arguments": call.arguments, "item_id": call.id, "output_index": index,
                            "sequence_number": self.numbers.next(), "type": "response.function_call_arguments.done",
                            "name": call.name,
                        }),
                    );
                }
                call.item(&context.wire, Status::Completed)
            }
        };
        self.numbers.item("response.output_item.done", index, &item, out);
        self.output.push(item);
    }

    fn part(&mut self, kind: &str, id: &str, part: &Value, out: &mut Outbox) {
        let event = json!({
            "content_index": 0, "item_id": id, "output_index": self.output.len(), "part": part,
            "sequence_number": self.numbers.next(), "type": kind,
        });
        out.named(kind, &event);
    }
}

/// Log probabilities of a delta have no bytes.
pub(super) fn delta_logprobs(logprobs: &Value) -> Value {
    let entries = logprobs.as_array().map_or(&[][..], Vec::as_slice);
    let bare = |entry: &Value| json!({"token": entry["token"], "logprob": entry["logprob"]});
    let entry = |entry: &Value| {
        let alternatives = entry["top_logprobs"].as_array().map_or(&[][..], Vec::as_slice);
        let mut written = bare(entry);
        written["top_logprobs"] = alternatives.iter().map(bare).collect();
        written
    };
    entries.iter().map(entry).collect()
}

impl Told for ItemStream {
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
        if let Some(said) = self.listener.hear(context, choice, &delta)? {
            self.add(context, said, &logprobs, out);
        }
        Ok(())
    }

    fn end(&mut self, context: &Context, out: &mut Outbox) {
        self.close(context, out);
        let mut output = std::mem::take(&mut self.output);
        if output.is_empty()
            && let Some(choice) = self.generation.choices.first()
        {
            output = self.head.output(context, choice, &Said::default());
        }
        let response = self.head.finished(context, &self.generation, output);
        self.numbers.response("response.completed", &response, out);
    }

    fn failed(&mut self, context: &Context, error: ApiError, out: &mut Outbox) {
        out.error(&context.wire, &error);
    }
}
