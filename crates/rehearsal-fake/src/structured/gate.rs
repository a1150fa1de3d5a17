//! When a constraint begins to count: at once, or when the reasoning before the answer is over.

use crate::{
    reasoning::{ReasoningParser, ReasoningStream, TagStream, Thinking},
    tokenizer::Tokenizer,
    version::ReplyParsing,
};

/// Holds a constraint back while a reply reasons (`structured_output_manager.should_fill_bitmask` of vLLM's engine).
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    tokenizer: Tokenizer,
    reasoning: Reasoning,
    preface: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Reasoning {
    Separate(TagStream),
    Unified(ReasoningStream),
}

/// What a token does to a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It stays closed.
    Closed,
    /// It opens behind the token.
    Behind,
    /// It opens before the token, which is part of the answer.
    Before,
}

impl Gate {
    /// The gate of a server with that reasoning parser; `None` where the prompt leaves no reasoning.
    pub(crate) fn new(
        parser: ReasoningParser,
        parsing: ReplyParsing,
        thinking: Thinking,
        tokenizer: &Tokenizer,
    ) -> Option<Self> {
        let reasoning = match (parsing, thinking) {
            (_, Thinking::Over) | (ReplyParsing::Unified, Thinking::Off) => return None,
            (ReplyParsing::Separate, _) => Reasoning::Separate(parser.tag_stream(thinking)),
            (ReplyParsing::Unified, Thinking::Expected) => Reasoning::Unified(ReasoningStream::new(parser)),
        };
        let preface = tokenizer.encode(&parser.empty_reasoning());
        Some(Self { tokenizer: tokenizer.clone(), reasoning, preface })
    }

    /// A reasoning of nothing, which a composed reply begins with.
    pub(super) fn preface(&self) -> &[u32] {
        &self.preface
    }

    pub(super) fn pass(&mut self, token: u32) -> Passage {
        let text = self.tokenizer.decode(&[token]);
        if text.is_empty() {
            return Passage::Closed;
        }
        match &mut self.reasoning {
            Reasoning::Separate(stream) => {
                stream.push(&text);
                if stream.ended_with_last() { Passage::Behind } else { Passage::Closed }
            }
            Reasoning::Unified(stream) => {
                let delta = stream.push(&text);
                let says = delta.is_some_and(|delta| delta.content.text().is_some());
                match (stream.is_over(), says) {
                    (false, _) => Passage::Closed,
                    (true, false) => Passage::Behind,
                    (true, true) => Passage::Before,
                }
            }
        }
    }
}
