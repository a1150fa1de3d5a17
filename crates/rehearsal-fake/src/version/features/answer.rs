//! How text, log probabilities and chunks are written.

use serde::Deserialize;

choices! {
    /// Whether the numbers of log probabilities have to be numbers before anything else is looked at.
    LogprobTypes {
        /// They do not.
        Unchecked,
        /// They do.
        Numbers,
    }
    /// What becomes of characters that are unfinished when a reply ends.
    UnfinishedCharacters {
        /// They are left out.
        Dropped,
        /// As U+FFFD.
        Replaced,
    }
    /// How log probabilities name a token that is a part of a character.
    PartialCharacters {
        /// As U+FFFD.
        Replaced,
        /// As nothing, and the whole character with the last part.
        Joined,
    }
    /// What `text_offset` counts in a stream.
    TextOffsets {
        /// Characters of the text sent before.
        Text,
        /// Characters of the tokens told before.
        Tokens,
    }
    /// Where `finish_reason` stands in a stream.
    FinishChunk {
        /// On the delta of the last token.
        LastDelta,
        /// On a chunk of its own with an empty delta.
        Separate,
    }
    /// What the delta that opens a chat stream holds.
    RoleDelta {
        /// `{"role":"assistant","content":""}`.
        EmptyContent,
        /// `{"role":"assistant"}`.
        RoleOnly,
    }
    /// Whether `/inference/v1/generate` streams.
    TokensStream {
        /// `stream` is not looked at.
        Ignored,
        /// It does.
        Served,
    }
    /// Whether a request's `stream_interval` counts.
    StreamInterval {
        /// It is an unknown field.
        Ignored,
        /// It does.
        Read,
    }
}
