//! The colours of marks, which follow the reader's choice of light or dark.

/// What a mark is drawn in. The first three tell series apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// The first series.
    A,
    /// The second.
    B,
    /// The third.
    C,
    /// What went wrong.
    Bad,
    /// What is beside the point.
    Quiet,
}

impl Ink {
    /// The ink of series number `index`, from 0; they repeat.
    #[must_use]
    pub fn of_series(index: usize) -> Self {
        [Self::A, Self::B, Self::C, Self::Bad, Self::Quiet][index % 5]
    }

    /// Its class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::A => "ka",
            Self::B => "kb",
            Self::C => "kc",
            Self::Bad => "kbad",
            Self::Quiet => "kquiet",
        }
    }
}
