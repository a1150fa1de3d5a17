//! What a reply says, taken apart: thoughts, text, calls of tools.

/// A whole reply, or what one token adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) reasoning: Option<String>,
    pub(super) content: Option<String>,
    pub(super) calls: Vec<Call>,
}

/// A call of a tool, or a piece of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Which call of the reply.
    pub(super) index: usize,
    /// In the first piece only.
    pub(super) id: Option<String>,
    /// In the first piece only.
    pub(super) name: Option<String>,
    pub(super) arguments: String,
}

impl Said {
    /// Text and nothing else.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { content: Some(text.into()), ..Self::default() }
    }
}
