//! What one event or one whole answer of an API other than chats and completions says, in words that all of them share.

use super::{ChunkKind, FinishReason, TokenUsage};

/// What was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    /// Output tokens of this kind, and whether they have any text.
    pub(super) tokens: Option<(ChunkKind, Text)>,
    pub(super) finish: Option<FinishReason>,
    pub(super) usage: Option<TokenUsage>,
    /// The message of an error.
    pub(super) error: Option<String>,
    pub(super) model: Option<String>,
    /// Whether nothing comes after it.
    pub(super) is_end: bool,
}

/// Whether a delta has any text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    Empty,
    Some,
}

impl Text {
    pub(super) fn of(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Some }
    }
}
