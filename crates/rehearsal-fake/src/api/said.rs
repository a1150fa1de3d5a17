//! What a reply says, taken apart: thoughts, text, calls of tools.

use super::{
    choice::{Choice, Delta},
    context::Context,
    error::ApiError,
};
use crate::{
    engine::FinishReason,
    tools::{Fed, Invocations, MessageDelta, ParseError, Reading, Reply, Slot, whole},
};

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

/// Takes apart the only choice of an answer, as its server's parsers do.
#[derive(Debug)]
pub(super) struct Listener(Reply);

impl Listener {
    pub(super) fn new(reading: &Reading) -> Self {
        Self(Reply::new(reading, 1))
    }

    /// What a step adds; `None` while a parser keeps it to itself.
    pub(super) fn hear(&mut self, context: &Context, choice: &Choice, delta: &Delta) -> Result<Option<Said>, ApiError> {
        let finish = choice.finish.map(|finish| finish.reason);
        let fed = Fed { choice: 0, text: &delta.text, tokens: delta.tokens().len(), finish };
        let said = self.0.feed(fed).map_err(unreadable)?;
        Ok(said.map(|said| Said::part(context, said)))
    }
}

fn unreadable(error: ParseError) -> ApiError {
    match error {
        ParseError::Refused(message) => ApiError::bad_request(message),
        ParseError::Crash => ApiError::internal(""),
    }
}

impl Said {
    /// All that a choice said.
    pub(super) fn whole(context: &Context, reading: &Reading, choice: &Choice) -> Result<Self, ApiError> {
        let finish = choice.finish.map_or(FinishReason::Abort, |finish| finish.reason);
        let message = whole(reading, choice.text(), finish, &mut Invocations::default()).map_err(unreadable)?;
        let call = |(index, call): (usize, crate::tools::ToolCall)| Call {
            index,
            id: Some(context.tool_call_id()),
            name: Some(call.name),
            arguments: call.arguments,
        };
        let calls = message.tool_calls.into_iter().enumerate().map(call).collect();
        Ok(Self { reasoning: message.reasoning, content: message.content, calls })
    }

    fn part(context: &Context, delta: MessageDelta) -> Self {
        let text = |slot: Slot| match slot {
            Slot::Text(text) => Some(text),
            Slot::Absent | Slot::Null => None,
        };
        let call = |call: crate::tools::CallDelta| Call {
            index: call.index,
            id: call.opens.then(|| context.tool_call_id()),
            name: text(call.name),
            arguments: call.arguments.unwrap_or_default(),
        };
        let calls = delta.tool_calls.into_iter().map(call).collect();
        Self { reasoning: text(delta.reasoning), content: text(delta.content), calls }
    }
}
