//! What a server has to be started with for a mutant to show.

use std::num::NonZeroU32;

use crate::{
    api::{AutoToolChoice, FrontendOptions, PromptTokensDetails},
    reasoning::ReasoningParser,
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
    /// `--reasoning-parser deepseek_r1`.
    Reasoning,
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
            Self::Reasoning => "--reasoning-parser deepseek_r1",
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
            Self::Reasoning => options.reasoning_parser = Some(ReasoningParser::DeepseekR1),
            Self::Tools => {
                options.auto_tool_choice = AutoToolChoice::Served;
                options.tool_call_parser = Some(ToolCallParser::Hermes);
                options.reasoning_parser = Some(ReasoningParser::Qwen3);
            }
            Self::StreamInterval => options.stream_interval = NonZeroU32::MIN.saturating_add(2),
        }
    }
}
