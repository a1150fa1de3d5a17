//! How much is generated, and how tokens are drawn.

use serde::Deserialize;

choices! {
    /// What happens when prompt and `max_tokens` exceed the context.
    Overflow {
        /// 400.
        Refused,
        /// As many tokens as fit.
        Clamped,
    }
    /// What `max_new_tokens` of a generation config does to requests with a limit of their own.
    ConfiguredMaxTokens {
        /// They get no more than it.
        Ceiling,
        /// Nothing, unless it is set on the command line.
        Fallback,
    }
    /// What `max_completion_tokens: 0` does.
    ZeroMaxCompletionTokens {
        /// As if it were not there.
        Ignored,
        /// 400.
        Refused,
    }
    /// What `max_tokens: null` does on `/v1/completions`.
    NullMaxTokens {
        /// 500 with an empty message.
        Crash,
        /// 16 tokens, as if it were not there.
        Default,
    }
    /// Whether `n > 1` and lists of prompts are served.
    SeveralChoices {
        /// They are.
        Served,
        /// 400.
        Refused,
    }
    /// A limit that came with a later release.
    Limit {
        /// None.
        Unbounded,
        /// Two.
        Two,
        /// Four.
        Four,
    }
    /// What a temperature does that is no number.
    NanTemperature {
        /// It is taken; the first token of the vocabulary wins every draw.
        Taken,
        /// 400.
        Refused,
    }
    /// What a completion does that wants beams and a stream.
    StreamedBeams {
        /// One event with the whole answer.
        OneEvent,
        /// 400.
        Refused,
    }
}

impl Limit {
    /// The limit as a number.
    #[must_use]
    pub fn value(self) -> Option<u32> {
        match self {
            Self::Unbounded => None,
            Self::Two => Some(2),
            Self::Four => Some(4),
        }
    }
}
