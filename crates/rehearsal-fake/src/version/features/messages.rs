//! What `/v1/messages` does.

use serde::Deserialize;

choices! {
    /// Which blocks the content of a message has.
    MessagesContent {
        /// A text, which may be empty, then tools.
        TextFirst,
        /// Thinking, text and tools, each only if there is any; an empty text if there is nothing.
        Blocks,
    }
    /// What `stop_reason` says about a stop sequence.
    StopSequence {
        /// `end_turn`.
        EndTurn,
        /// `stop_sequence`, and which one.
        Named,
    }
    /// What the last delta of a streamed message does.
    LastDelta {
        /// Its text is lost.
        Lost,
        /// Its text is sent.
        Sent,
    }
    /// Whether `data: [DONE]` follows the last event of a streamed message.
    DoneMarker {
        /// It does.
        Sent,
        /// It does not.
        NotSent,
    }
    /// What the text of a tool's result is.
    ToolResults {
        /// Python's `str` of its content.
        Printed,
        /// The texts of its content, a line each.
        Joined,
    }
}
