//! How tools are taken, and calls and reasoning found.

use serde::Deserialize;

choices! {
    /// How reasoning and tool calls are found in a reply.
    ReplyParsing {
        /// By two parsers that the endpoint asks in turn.
        Separate,
        /// By one parser.
        Unified,
    }
    /// What `tools: []` does.
    EmptyTools {
        /// Nothing.
        Ignored,
        /// 400.
        Refused,
    }
    /// What tool-call arguments that are no JSON do in a conversation.
    BadArguments {
        /// 400 with the message of Python's `json`.
        Refused,
        /// The template gets none.
        Dropped,
    }
}
