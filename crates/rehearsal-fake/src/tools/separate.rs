//! Replies as vLLM reads them while reasoning and calls have parsers of their own (`entrypoints/openai/serving_chat.py` of 0.13.0,
//! `chat_completion_stream_generator` and `chat_completion_full_generator`).

use super::{
    choice::ToolChoice,
    hermes,
    hermes_incremental::{Incremental, Step},
    message::{CallDelta, Message, MessageDelta, Slot, ToolCall},
    name::ToolCallParser,
    reading::{Fed, ParseError, Reading},
    required::{self, RequiredStream},
};
use crate::{
    engine::FinishReason,
    reasoning::{TagStream, Thinking},
};

/// A finished reply.
pub(super) fn whole(reading: &Reading, text: &str, finish: FinishReason) -> Result<Message, ParseError> {
    let (reasoning, content) = match reading.reasoning {
        Some(parser) => parser.split_tagged(reading.thinking, text),
        None => (None, Some(text.to_owned())),
    };
    let reasoning = reasoning.filter(|_| reading.include_reasoning);
    let message = Message { reasoning, ..Message::default() };
    let forced = |tool_calls: Vec<ToolCall>, by_calls: bool| Message {
        content: Some(String::new()),
        tool_calls,
        finished_by_calls: by_calls,
        ..message.clone()
    };
    match (&reading.choice, reading.tools) {
        (ToolChoice::Named(name), _) => {
            let arguments = content.ok_or(ParseError::Crash)?;
            Ok(forced(vec![ToolCall { name: name.clone(), arguments }], false))
        }
        (ToolChoice::Required, _) => {
            let calls = required::extract(&content.ok_or(ParseError::Crash)?)?;
            Ok(forced(calls, finish == FinishReason::Stop))
        }
        (choice, Some(parser)) if choice.is_automatic() => {
            let Some((before, tool_calls)) = hermes::extract(parser.tags(), content.as_deref().unwrap_or_default())
            else {
                return Ok(Message { content, ..message });
            };
            let content = before.filter(|content| !content.trim().is_empty());
            Ok(Message { content, tool_calls, finished_by_calls: true, ..message })
        }
        _ => Ok(Message { content, ..message }),
    }
}

/// All choices of a request.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    choice: ToolChoice,
    /// Calls are looked for; one parser serves all choices, which is vLLM's way (`[parser] * num_choices`).
    automatic: Option<Incremental>,
    first_call_only: bool,
    thinking: Thinking,
    choices: Vec<Choice>,
}

#[derive(Clone, Debug)]
struct Choice {
    text: String,
    reasoning: Option<TagStream>,
    reasoning_over: bool,
    name_sent: bool,
    required: RequiredStream,
    calls_streamed: bool,
}

impl Stream {
    pub(super) fn new(reading: &Reading, choices: usize) -> Self {
        let choice = Choice {
            text: String::new(),
            reasoning: reading.reasoning.map(|parser| parser.tag_stream(reading.thinking)),
            reasoning_over: false,
            name_sent: false,
            required: RequiredStream::default(),
            calls_streamed: false,
        };
        let tags = reading.tools.map(ToolCallParser::tags).filter(|_| reading.choice.is_automatic());
        Self {
            choice: reading.choice.clone(),
            automatic: tags.map(|tags| Incremental::new(tags, reading.tag_tokens.clone())),
            first_call_only: !reading.parallel_tool_calls,
            thinking: reading.thinking,
            choices: vec![choice; choices],
        }
    }

    pub(super) fn feed(&mut self, fed: Fed<'_>) -> Result<Option<MessageDelta>, ParseError> {
        let automatic = self.automatic.as_mut();
        let Some(choice) = self.choices.get_mut(fed.choice) else { return Ok(None) };
        let mut delta = match (&self.choice, automatic) {
            (ToolChoice::Named(name), _) => choice.named(name, fed, self.thinking),
            (ToolChoice::Required, _) => choice.required(fed.text, self.thinking)?,
            (_, Some(parser)) => choice.automatic(parser, fed, self.thinking),
            _ => choice.plain(fed.text),
        };
        if let (Some(parser), Some(delta), Some(_)) = (&self.automatic, &mut delta, fed.finish)
            && let Some(latest) = delta.tool_calls.first().and_then(|call| call.arguments.as_ref())
        {
            *delta = MessageDelta::call(parser.remaining(latest.len()));
        }
        if self.first_call_only
            && let Some(delta) = &mut delta
        {
            delta.tool_calls.retain(|call| call.index == 0);
        }
        Ok(delta)
    }

    pub(super) fn finished_by_calls(&self, choice: usize) -> bool {
        let streamed = self.choices.get(choice).is_some_and(|choice| choice.calls_streamed);
        self.automatic.as_ref().is_some_and(Incremental::has_calls)
            || streamed && !matches!(self.choice, ToolChoice::Named(_))
    }
}

impl Choice {
    /// Reasoning, if there is a parser for it, and content.
    fn plain(&mut self, text: &str) -> Option<MessageDelta> {
        match &mut self.reasoning {
            Some(reasoning) => reasoning.push(text),
            None => Some(MessageDelta::content(text)),
        }
    }

    /// The step's reasoning, and whether it ended; the text behind the end is kept for the tool parser.
    fn think(&mut self, text: &str) -> Option<MessageDelta> {
        let reasoning = self.reasoning.as_mut()?;
        let mut delta = reasoning.push(text);
        self.text.push_str(text);
        if reasoning.ended_with_last() {
            self.reasoning_over = true;
            let rest = delta.as_mut().and_then(|delta| match std::mem::replace(&mut delta.content, Slot::Null) {
                Slot::Text(rest) => Some(rest),
                _ => None,
            });
            self.text = rest.unwrap_or_default();
        }
        delta
    }

    fn named(&mut self, name: &str, fed: Fed<'_>, thinking: Thinking) -> Option<MessageDelta> {
        if self.reasoning.is_some() && !self.reasoning_over {
            let delta = self.think(fed.text);
            if thinking == Thinking::Over {
                self.reasoning_over = true;
            }
            return delta;
        }
        let arguments = std::mem::take(&mut self.text) + fed.text;
        let first = !std::mem::replace(&mut self.name_sent, true);
        self.calls_streamed = true;
        let slot = if first { Slot::Text(name.to_owned()) } else { Slot::Absent };
        let call = CallDelta { index: fed.choice, opens: first, name: slot, arguments: Some(arguments) };
        Some(MessageDelta::call(call))
    }

    fn required(&mut self, text: &str, thinking: Thinking) -> Result<Option<MessageDelta>, ParseError> {
        self.reasoning_over |= thinking == Thinking::Over;
        if self.reasoning.is_some() && !self.reasoning_over {
            return Ok(self.think(text));
        }
        let before = self.text.clone();
        self.text.push_str(text);
        let delta = self.required.push(&before, &self.text, text)?;
        self.calls_streamed |= delta.as_ref().is_some_and(|delta| delta.tool_calls.iter().any(|call| call.opens));
        Ok(delta)
    }

    fn automatic(&mut self, parser: &mut Incremental, fed: Fed<'_>, thinking: Thinking) -> Option<MessageDelta> {
        let mut text = fed.text.to_owned();
        if self.reasoning.is_some() && !self.reasoning_over {
            if thinking == Thinking::Over {
                self.reasoning_over = true;
            } else {
                let delta = self.think(fed.text);
                if !self.reasoning_over {
                    return delta;
                }
                text = std::mem::take(&mut self.text);
            }
        }
        let before = self.text.clone();
        self.text.push_str(&text);
        let delta = parser.push(Step { before: &before, after: &self.text, delta: &text, tokens: fed.tokens });
        self.calls_streamed |= delta.as_ref().is_some_and(|delta| !delta.tool_calls.is_empty());
        delta
    }
}
