//! The blocks of a streamed message: opened, filled and closed (`message_stream_converter` of `entrypoints/anthropic`).

use serde_json::{Value, json};

use super::answer::signature;
use crate::{
    api::{
        context::Context,
        said::{Call, Said},
        sse::Outbox,
    },
    version::MessagesContent,
};

/// Which block is open, and its number.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    index: usize,
    open: Option<Block>,
    calls: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    Text,
    /// With the signature that closes it.
    Thinking(String),
    /// With the number of the call.
    Tool(usize),
}

impl Blocks {
    /// Whether a call of a tool was among the blocks.
    pub(super) fn called_tools(&self) -> bool {
        0 < self.calls
    }

    /// Writes what was said.
    pub(super) fn add(&mut self, context: &Context, said: Said, out: &mut Outbox) {
        match context.features().messages_content {
            MessagesContent::TextFirst => self.add_first(said, out),
            MessagesContent::Blocks => self.add_all(context, said, out),
        }
    }

    /// Ends the open block.
    pub(super) fn close(&mut self, out: &mut Outbox) {
        let Some(block) = self.open.take() else { return };
        if let Block::Thinking(signature) = block {
            self.delta(&json!({"type": "signature_delta", "signature": signature}), out);
        }
        out.named("content_block_stop", &json!({"type": "content_block_stop", "index": self.index}));
        self.index += 1;
    }

    fn add_all(&mut self, context: &Context, said: Said, out: &mut Outbox) {
        if let Some(thought) = said.reasoning.filter(|thought| !thought.is_empty()) {
            if !matches!(self.open, Some(Block::Thinking(_))) {
                self.close(out);
                self.start(Block::Thinking(signature(context)), &json!({"type": "thinking", "thinking": ""}), out);
            }
            self.delta(&json!({"type": "thinking_delta", "thinking": thought}), out);
        }
        if let Some(text) = said.content.filter(|text| !text.is_empty()) {
            if self.open != Some(Block::Text) {
                self.close(out);
                self.start(Block::Text, &json!({"type": "text", "text": ""}), out);
            }
            self.delta(&json!({"type": "text_delta", "text": text}), out);
        }
        for call in said.calls {
            if call.name.is_some() && self.open != Some(Block::Tool(call.index)) {
                self.close(out);
                self.start_tool(&call, out);
            }
            if !call.arguments.is_empty() && self.open == Some(Block::Tool(call.index)) {
                self.arguments(&call, out);
            }
        }
    }

    /// Old versions know text, then the first call of each delta, and open a block for an empty text too.
    fn add_first(&mut self, said: Said, out: &mut Outbox) {
        if let Some(text) = said.content {
            if self.open.is_none() {
                self.start(Block::Text, &json!({"type": "text", "text": ""}), out);
            }
            if !text.is_empty() {
                self.delta(&json!({"type": "text_delta", "text": text}), out);
            }
            return;
        }
        match said.calls.into_iter().next() {
            Some(call) if call.id.is_some() => {
                self.close(out);
                self.start_tool(&call, out);
            }
            Some(call) => self.arguments(&call, out),
            None => {}
        }
    }

    fn start_tool(&mut self, call: &Call, out: &mut Outbox) {
        self.calls += 1;
        let block = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        self.start(Block::Tool(call.index), &block, out);
    }

    fn arguments(&self, call: &Call, out: &mut Outbox) {
        self.delta(&json!({"type": "input_json_delta", "partial_json": call.arguments}), out);
    }

    fn start(&mut self, block: Block, content: &Value, out: &mut Outbox) {
        self.open = Some(block);
        let event = json!({"type": "content_block_start", "content_block": content, "index": self.index});
        out.named("content_block_start", &event);
    }

    fn delta(&self, delta: &Value, out: &mut Outbox) {
        out.named("content_block_delta", &json!({"type": "content_block_delta", "delta": delta, "index": self.index}));
    }
}
