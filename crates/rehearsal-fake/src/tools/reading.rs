//! How the replies to one request are split into content, reasoning and calls.

use super::{
    choice::ToolChoice,
    hermes_incremental::TagTokens,
    message::{Message, MessageDelta},
    name::ToolCallParser,
    separate, unified,
};
use crate::{
    engine::FinishReason,
    reasoning::{ReasoningParser, Thinking},
    tokenizer::Tokenizer,
    version::ReplyParsing,
};

/// What the server and a request say about reading its replies.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// How the version answered as goes about it.
    pub(crate) parsing: ReplyParsing,
    /// `--tool-call-parser` of a server with `--enable-auto-tool-choice`.
    pub(crate) tools: Option<ToolCallParser>,
    /// `--reasoning-parser`.
    pub(crate) reasoning: Option<ReasoningParser>,
    pub(crate) choice: ToolChoice,
    /// `include_reasoning`.
    pub(crate) include_reasoning: bool,
    /// `parallel_tool_calls`: with `false`, calls after the first are left out.
    pub(crate) parallel_tool_calls: bool,
    /// What the prompt says about reasoning: whether it is on, open or over.
    pub(crate) thinking: Thinking,
    pub(crate) tag_tokens: TagTokens,
}

impl Reading {
    /// A reading that finds nothing: every text is content.
    pub(crate) fn plain(parsing: ReplyParsing) -> Self {
        Self {
            parsing,
            tools: None,
            reasoning: None,
            choice: ToolChoice::None,
            include_reasoning: true,
            parallel_tool_calls: true,
            thinking: Thinking::default(),
            tag_tokens: TagTokens::default(),
        }
    }

    /// Looks up how the tokenizer cuts the tags, which the older parser depends on.
    pub(crate) fn with_tag_tokens(mut self, tokenizer: &Tokenizer) -> Self {
        if let Some(tags) = self.tools.map(ToolCallParser::tags) {
            let pieces = |tag: &str| tokenizer.encode(tag).iter().map(|token| tokenizer.decode(&[*token])).collect();
            self.tag_tokens = TagTokens { start: pieces(tags.start), end: pieces(tags.end) };
        }
        self
    }

    /// Whether logprobs and token ids are kept back with the reasoning that they would tell.
    pub(crate) fn hides_tokens(&self) -> bool {
        self.parsing == ReplyParsing::Unified
            && !self.include_reasoning
            && (self.tools.is_some() || self.reasoning.is_some())
    }

    /// Whether `usage` tells how many tokens were reasoning.
    pub(crate) fn counts_reasoning(&self) -> bool {
        self.reasoning.is_some()
    }
}

/// Why a reply could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ParseError {
    /// 400 with this message.
    Refused(String),
    /// An exception without a text: 500.
    Crash,
}

/// One step of one choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fed<'a> {
    /// Index of the choice.
    pub(crate) choice: usize,
    /// The text that the step brought.
    pub(crate) text: &'a str,
    /// How many tokens it took.
    pub(crate) tokens: usize,
    /// Set with the last step.
    pub(crate) finish: Option<FinishReason>,
}

/// All choices of one request while they grow.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// As vLLM did while reasoning and calls had parsers of their own that the endpoint called in turn.
    Separate(separate::Stream),
    /// As it does since one parser holds both.
    Unified(unified::Stream),
}

impl Reply {
    pub(crate) fn new(reading: &Reading, choices: usize) -> Self {
        match reading.parsing {
            ReplyParsing::Separate => Self::Separate(separate::Stream::new(reading, choices)),
            ReplyParsing::Unified => Self::Unified(unified::Stream::new(reading, choices)),
        }
    }

    /// What a step adds to its message; `None` when there is nothing to tell yet. The last step always has something, be it empty.
    pub(crate) fn feed(&mut self, fed: Fed<'_>) -> Result<Option<MessageDelta>, ParseError> {
        let delta = match self {
            Self::Separate(stream) => stream.feed(fed)?,
            Self::Unified(stream) => stream.feed(fed),
        };
        Ok(delta.or_else(|| fed.finish.map(|_| MessageDelta::default())))
    }

    /// Whether `finish_reason` of that choice, which ended with `finish`, says `tool_calls`.
    pub(crate) fn finished_by_calls(&self, choice: usize, finish: FinishReason) -> bool {
        match self {
            Self::Separate(stream) => stream.finished_by_calls(choice),
            Self::Unified(stream) => finish == FinishReason::Stop && stream.has_called(choice),
        }
    }

    /// How many tokens of that choice were reasoning so far.
    pub(crate) fn reasoning_tokens(&self, choice: usize) -> u64 {
        match self {
            Self::Separate(_) => 0,
            Self::Unified(stream) => stream.reasoning_tokens(choice),
        }
    }

    /// How often the tool parser was asked, by whether it found something (`vllm:tool_call_parser_invocations_total`).
    pub(crate) fn invocations(&self) -> Invocations {
        match self {
            Self::Separate(_) => Invocations::default(),
            Self::Unified(stream) => stream.invocations(),
        }
    }
}

/// How often a tool parser was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Invocations {
    pub(crate) with_call: u64,
    pub(crate) without_call: u64,
}

impl Invocations {
    /// Those after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { with_call: self.with_call - earlier.with_call, without_call: self.without_call - earlier.without_call }
    }

    pub(super) fn count(&mut self, found: bool) {
        *if found { &mut self.with_call } else { &mut self.without_call } += 1;
    }
}

/// Splits a finished reply. `invocations` counts whether the tool parser was asked.
pub(crate) fn whole(
    reading: &Reading,
    text: &str,
    finish: FinishReason,
    invocations: &mut Invocations,
) -> Result<Message, ParseError> {
    let mut message = match reading.parsing {
        ReplyParsing::Separate => separate::whole(reading, text, finish)?,
        ReplyParsing::Unified => unified::whole(reading, text, finish, invocations),
    };
    if !reading.parallel_tool_calls {
        message.tool_calls.truncate(1);
    }
    Ok(message)
}
