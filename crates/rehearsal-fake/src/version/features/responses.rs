//! What `/v1/responses` does.

use serde::Deserialize;

choices! {
    /// How a streamed response is told.
    ResponsesStream {
        /// `content_index` counts deltas, ids are UUIDs, and the completed response holds what the last delta holds.
        DeltaByDelta,
        /// One state an output item, opened and closed; the completed response holds the items streamed.
        ItemByItem,
    }
    /// What `response.status` says when the output reached its limit.
    LengthStatus {
        /// `completed`.
        Completed,
        /// `incomplete`, with `incomplete_details`.
        Incomplete,
    }
    /// How output items given back as input become messages.
    ResponsesHistory {
        /// One message an item.
        Separate,
        /// Items of one turn become one message.
        Merged,
    }
    /// How the tools of a response reach the chat template.
    ResponsesTools {
        /// Each with all fields of a response's tool.
        Whole,
        /// As those of a chat.
        AsChat,
    }
    /// What `tool_choice` is when there are no tools.
    ToollessChoice {
        /// What the request says, `auto` by default.
        Kept,
        /// `none`; a choice that needs a tool is refused.
        None,
    }
}
