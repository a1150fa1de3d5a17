//! What is known about a reply's reasoning before its first token.

/// Whether a reply may begin with reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It may.
    #[default]
    Expected,
    /// The request turned it off.
    Off,
    /// The prompt holds its end.
    Over,
}

impl Thinking {
    /// Whether it may.
    pub(crate) fn is_expected(self) -> bool {
        self == Self::Expected
    }
}
