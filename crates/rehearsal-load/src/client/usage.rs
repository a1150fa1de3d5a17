//! The token counts that a server states.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `usage` as the server stated it. What it did not state is `None`; nothing is ever filled in from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TokenUsage {
    /// Tokens of the prompt, template included.
    pub prompt_tokens: Option<u64>,
    /// Output tokens, summed over choices.
    pub completion_tokens: Option<u64>,
    /// What the server calls the total; [`CrossCheck`](crate::metrics::CrossCheck)s compare it with the sum.
    pub total_tokens: Option<u64>,
    /// Prompt tokens taken from the prefix cache.
    pub cached_tokens: Option<u64>,
    /// Output tokens that are reasoning.
    pub reasoning_tokens: Option<u64>,
}

impl TokenUsage {
    /// Prompt and completion counts as a server with both would state them.
    #[must_use]
    pub fn new(prompt_tokens: u64, completion_tokens: u64) -> Self {
        Self {
            prompt_tokens: Some(prompt_tokens),
            completion_tokens: Some(completion_tokens),
            total_tokens: Some(prompt_tokens + completion_tokens),
            ..Self::default()
        }
    }

    /// Whether both counts that figures are made of are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.prompt_tokens.is_some() && self.completion_tokens.is_some()
    }
}

/// The JSON object.
#[derive(Deserialize)]
pub(super) struct UsageWire {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
    #[serde(default)]
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

impl From<UsageWire> for TokenUsage {
    fn from(wire: UsageWire) -> Self {
        Self {
            prompt_tokens: wire.prompt_tokens,
            completion_tokens: wire.completion_tokens,
            total_tokens: wire.total_tokens,
            cached_tokens: wire.prompt_tokens_details.and_then(|details| details.cached_tokens),
            reasoning_tokens: wire.completion_tokens_details.and_then(|details| details.reasoning_tokens),
        }
    }
}
