//! A reply split into its parts: whole, or the part of it that one step brought.

/// A text in a delta: pydantic writes what was set, be it null, and leaves out what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slot {
    /// No such key.
    #[default]
    Absent,
    /// The key with a null.
    Null,
    /// The key with this text.
    Text(String),
}

impl Slot {
    /// The text, or null without one.
    pub(crate) fn nullable(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    /// The text, unless it is empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

/// What one step adds to a tool call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallDelta {
    pub(crate) index: usize,
    /// The first delta of a call carries an id and a type.
    pub(crate) opens: bool,
    pub(crate) name: Slot,
    pub(crate) arguments: Option<String>,
}

/// What one step adds to a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MessageDelta {
    pub(crate) content: Slot,
    pub(crate) reasoning: Slot,
    pub(crate) tool_calls: Vec<CallDelta>,
}

impl MessageDelta {
    pub(crate) fn content(text: impl Into<String>) -> Self {
        Self { content: Slot::Text(text.into()), ..Self::default() }
    }

    pub(crate) fn reasoning(text: impl Into<String>) -> Self {
        Self { reasoning: Slot::Text(text.into()), ..Self::default() }
    }

    pub(crate) fn call(call: CallDelta) -> Self {
        Self { tool_calls: vec![call], ..Self::default() }
    }
}

/// A whole tool call; `arguments` is JSON, if the model kept to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// A whole reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) content: Option<String>,
    pub(crate) reasoning: Option<String>,
    pub(crate) tool_calls: Vec<ToolCall>,
    /// Whether `finish_reason` says `tool_calls`.
    pub(crate) finished_by_calls: bool,
}
