//! The reasoning at the beginning of a growing reply, by the parsers of vLLM 0.32.

use super::{ReasoningParser, TagStream, engine::EngineStream};
use crate::tools::MessageDelta;

/// Reads reasoning until it ends; what follows is none of its business.
#[derive(Clone, Debug)]
pub(crate) struct ReasoningStream(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// On vLLM's parser engine.
    Engine(EngineStream),
    /// With a parser of its own.
    Tags { stream: TagStream, over: bool },
}

impl ReasoningStream {
    pub(crate) fn new(parser: ReasoningParser) -> Self {
        Self(match parser {
            ReasoningParser::Qwen3 | ReasoningParser::SeedOss => Kind::Engine(EngineStream::new(parser.tags())),
            _ => {
                let stream = TagStream::new(parser.tags(), parser.starts_with_reasoning());
                Kind::Tags { stream, over: false }
            }
        })
    }

    /// Whether the reasoning has ended.
    pub(crate) fn is_over(&self) -> bool {
        match &self.0 {
            Kind::Engine(stream) => stream.is_over(),
            Kind::Tags { over, .. } => *over,
        }
    }

    /// What a token's text adds.
    pub(crate) fn push(&mut self, text: &str) -> Option<MessageDelta> {
        match &mut self.0 {
            Kind::Engine(stream) => stream.push(text),
            Kind::Tags { stream, over } => {
                let delta = stream.push(text);
                *over |= stream.ended_with_last();
                delta
            }
        }
    }

    /// How many tokens were reasoning so far.
    pub(crate) fn tokens(&self) -> u64 {
        match &self.0 {
            Kind::Engine(stream) => stream.tokens(),
            Kind::Tags { stream, .. } => stream.tokens(),
        }
    }

    /// How many of these tokens, given by their texts, are reasoning.
    pub(crate) fn count<'a>(parser: ReasoningParser, tokens: impl Iterator<Item = &'a str>) -> u64 {
        let mut stream = Self::new(parser);
        for token in tokens {
            if stream.is_over() {
                break;
            }
            stream.push(token);
        }
        stream.tokens()
    }
}
