//! What a server has to be started with for a mutant to show.

use std::num::NonZeroU32;

use crate::{
    api::{AutoToolChoice, FrontendOptions, PromptTokensDetails},
    reasoning::ReasoningParser,
    text::{Canned, canned::says},
    tools::ToolCallParser,
    usage::UsageReporting,
};

/// Flags of `vllm serve` without which a mutant has nothing to spoil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MutantSetting {
    /// None.
    Plain,
    /// `--enable-force-include-usage`.
    ForceIncludeUsage,
    /// `--enable-prompt-tokens-details`.
    PromptTokensDetails,
    /// `--enable-auto-tool-choice --tool-call-parser hermes --reasoning-parser qwen3`.
    Tools,
    /// `--stream-interval 3`, so that chunks hold several tokens.
    StreamInterval,
}

impl MutantSetting {
    /// The flags as a command line has them; empty for [`Self::Plain`].
    #[must_use]
    pub fn flags(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::ForceIncludeUsage => "--enable-force-include-usage",
            Self::PromptTokensDetails => "--enable-prompt-tokens-details",
            Self::Tools => "--enable-auto-tool-choice --tool-call-parser hermes --reasoning-parser qwen3",
            Self::StreamInterval => "--stream-interval 3",
        }
    }

    /// Sets the flags.
    pub fn apply(self, options: &mut FrontendOptions) {
        match self {
            Self::Plain => {}
            Self::ForceIncludeUsage => options.usage_reporting = UsageReporting::Forced,
            Self::PromptTokensDetails => options.prompt_tokens_details = PromptTokensDetails::Shown,
            Self::Tools => {
                options.auto_tool_choice = AutoToolChoice::Served;
                options.tool_call_parser = Some(ToolCallParser::Hermes);
                options.reasoning_parser = Some(ReasoningParser::Qwen3);
            }
            Self::StreamInterval => options.stream_interval = NonZeroU32::MIN.saturating_add(2),
        }
    }

    /// What the model says where that matters: it thinks and calls a tool where it is asked to by a mark, as the tiny model of
    /// `tests/real-vllm` does.
    #[must_use]
    pub fn text(self) -> Option<Canned> {
        (self == Self::Tools).then(|| {
            Canned::new()
                .when(says("user", "[[tool]]"), CALL)
                .when(says("user", "[[think]]"), "<think>\nLet me ponder briefly.</think>\n\nAnswer: forty two.")
        })
    }
}

const CALL: &str = "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Berlin\", \"unit\": \"celsius\"}}\n</tool_call>";
