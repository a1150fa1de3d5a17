//! Replies as vLLM reads them since one parser holds reasoning and calls (`parser/abstract_parser.py` of 0.32.0, `DelegatingParser`).

use super::{
    choice::ToolChoice,
    hermes::{self, Cumulative},
    message::{Message, MessageDelta, Slot},
    name::ToolCallParser,
    reading::{Fed, Invocations, Reading},
};
use crate::{engine::FinishReason, reasoning::ReasoningStream};

/// A finished reply.
pub(super) fn whole(reading: &Reading, text: &str, finish: FinishReason, invocations: &mut Invocations) -> Message {
    let (reasoning, content) = match reading.reasoning {
        Some(parser) => parser.split(reading.thinking, text),
        None => (None, Some(text.to_owned())),
    };
    let message = Message { reasoning: reasoning.filter(|_| reading.include_reasoning), ..Message::default() };
    let (forced, required) = match &reading.choice {
        ToolChoice::None => return Message { content, ..message },
        ToolChoice::Auto | ToolChoice::Null => (false, false),
        ToolChoice::Required => (true, true),
        ToolChoice::Named(_) => (true, false),
    };
    let Some(parser) = reading.tools else { return Message { content, ..message } };
    let found = hermes::extract(parser.tags(), content.as_deref().unwrap_or_default());
    invocations.count(found.is_some());
    let (content, tool_calls, called) = match found {
        Some((before, calls)) => (before.filter(|content| !content.trim().is_empty()), calls, true),
        None if forced => (content.filter(|content| !content.trim().is_empty()), Vec::new(), false),
        None => (content, Vec::new(), false),
    };
    Message {
        // a forced call is answered with an empty content in place of none
        content: if forced { Some(content.unwrap_or_default()) } else { content },
        tool_calls,
        finished_by_calls: !forced && called || required && finish == FinishReason::Stop,
        ..message
    }
}

/// All choices of a request; each has parsers of its own.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    choice: ToolChoice,
    include_reasoning: bool,
    first_call_only: bool,
    /// Neither reasoning nor calls are looked for on this server.
    plain: bool,
    choices: Vec<Choice>,
    invocations: Invocations,
}

#[derive(Clone, Debug)]
struct Choice {
    reasoning: Option<ReasoningStream>,
    calls: Option<Cumulative>,
    called: bool,
}

impl Stream {
    pub(super) fn new(reading: &Reading, choices: usize) -> Self {
        let reasoning = reading.reasoning.filter(|_| reading.thinking.is_expected());
        let choice = Choice {
            reasoning: reasoning.map(ReasoningStream::new),
            calls: reading.tools.map(ToolCallParser::tags).map(Cumulative::new),
            called: false,
        };
        Self {
            choice: reading.choice.clone(),
            include_reasoning: reading.include_reasoning,
            first_call_only: !reading.parallel_tool_calls,
            plain: reading.tools.is_none() && reading.reasoning.is_none(),
            choices: vec![choice; choices],
            invocations: Invocations::default(),
        }
    }

    pub(super) fn feed(&mut self, fed: Fed<'_>) -> Option<MessageDelta> {
        if self.plain {
            return Some(MessageDelta::content(fed.text));
        }
        let choice = self.choices.get_mut(fed.choice)?;
        let mut delta = choice.push(&self.choice, fed.text, &mut self.invocations);
        if let (Some(delta), Some(_), Some(calls)) = (&mut delta, fed.finish, &choice.calls)
            && let Some(last) = delta.tool_calls.last_mut()
        {
            last.arguments.get_or_insert_default().push_str(calls.unsent_arguments());
        }
        if !self.include_reasoning {
            delta = delta.map(|delta| MessageDelta { reasoning: Slot::Null, ..delta });
            delta = delta.filter(|delta| delta.content.text().is_some() || !delta.tool_calls.is_empty());
        }
        choice.called |= delta.as_ref().is_some_and(|delta| !delta.tool_calls.is_empty());
        if self.first_call_only
            && let Some(delta) = &mut delta
        {
            delta.tool_calls.retain(|call| call.index == 0);
        }
        delta
    }

    pub(super) fn has_called(&self, choice: usize) -> bool {
        !matches!(self.choice, ToolChoice::Named(_)) && self.choices.get(choice).is_some_and(|choice| choice.called)
    }

    pub(super) fn reasoning_tokens(&self, choice: usize) -> u64 {
        let reasoning = self.choices.get(choice).and_then(|choice| choice.reasoning.as_ref());
        reasoning.map_or(0, ReasoningStream::tokens)
    }

    pub(super) fn invocations(&self) -> Invocations {
        self.invocations
    }
}

impl Choice {
    fn push(&mut self, choice: &ToolChoice, text: &str, invocations: &mut Invocations) -> Option<MessageDelta> {
        let mut text = text.to_owned();
        let mut thought = None;
        if let Some(reasoning) = self.reasoning.as_mut().filter(|reasoning| !reasoning.is_over()) {
            let delta = reasoning.push(&text);
            if !reasoning.is_over() || self.calls.is_none() {
                return delta;
            }
            let delta = delta.unwrap_or_default();
            delta.content.text().unwrap_or_default().clone_into(&mut text);
            thought = delta.reasoning.text().map(str::to_owned);
        }
        let delta = match (&mut self.calls, choice) {
            (Some(_), ToolChoice::None) => (!text.is_empty()).then(|| MessageDelta::content(text)),
            (Some(calls), _) => {
                let delta = calls.push(&text);
                invocations.count(delta.as_ref().is_some_and(|delta| !delta.tool_calls.is_empty()));
                delta
            }
            (None, _) => Some(MessageDelta::content(text)),
        };
        match thought {
            Some(thought) => Some(MessageDelta { reasoning: Slot::Text(thought), ..delta.unwrap_or_default() }),
            None => delta,
        }
    }
}
