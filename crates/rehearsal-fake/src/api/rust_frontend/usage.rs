//! `usage`, which this frontend never leaves keys out of.

use serde_json::{Value, json};

use super::super::{context::Context, object::shaped, options::PromptTokensDetails};
use crate::{
    usage::Usage,
    version::{ShapeName, ZeroCachedTokens},
};

/// An account of tokens, and how many of them were spent on thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) usage: Usage,
    pub(super) reasoning_tokens: u64,
}

impl Account {
    /// In a chunk with a choice: the cache is not told of there.
    pub(super) fn running(&self, context: &Context) -> Value {
        self.json(context, ShapeName::ChatContinuousUsage, None)
    }

    /// At the end, with what came from the cache if the server tells that.
    pub(super) fn last(&self, context: &Context) -> Value {
        let shown = context.app.frontend.prompt_tokens_details == PromptTokensDetails::Shown;
        let zero = context.features().zero_cached_tokens == ZeroCachedTokens::Zero;
        let cached = self.usage.cached_tokens.filter(|cached| shown && (zero || 0 < *cached));
        self.json(context, ShapeName::Usage, cached)
    }

    fn json(&self, context: &Context, shape: ShapeName, cached: Option<u64>) -> Value {
        shaped(
            &context.wire,
            shape,
            [
                ("prompt_tokens", self.usage.prompt_tokens.into()),
                ("total_tokens", self.usage.total_tokens().into()),
                ("completion_tokens", self.usage.completion_tokens.into()),
                ("prompt_tokens_details", cached.map_or(Value::Null, |cached| json!({"cached_tokens": cached}))),
                ("completion_tokens_details", json!({"reasoning_tokens": self.reasoning_tokens})),
            ],
        )
    }
}
