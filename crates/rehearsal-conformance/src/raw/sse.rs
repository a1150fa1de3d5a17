//! Server-sent events as vLLM writes them, and nothing else.
//!
//! The grammar is narrower than the standard's: an event is `data: `, one payload, and an empty line, all ended by `\n`;
//! a payload is JSON or `[DONE]`; a comment is `: `, text, and an empty line. Whatever else comes is a [`Violation`] with
//! its place in the body, and reading goes on after it, so that one fault is reported once.

use std::fmt;

use serde_json::Value;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// `data: ` and a JSON value.
    Json(Value),
    /// `data: [DONE]`.
    Done,
    /// A comment such as `: keep-alive`.
    Comment(String),
    /// `data: ` and something that is no JSON; also a violation.
    Garbage(String),
}

/// Something in a stream that vLLM never writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where the block begins, in bytes from the start of the body.
    pub offset: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.what)
    }
}

/// A whole stream: its events in order, and what was wrong with its form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RawStream {
    /// The events in order.
    pub events: Vec<Event>,
    /// What was wrong, in order.
    pub violations: Vec<Violation>,
}

impl RawStream {
    /// Reads a whole body.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        let mut stream = Self::default();
        let mut offset = 0;
        while offset < body.len() {
            let rest = &body[offset..];
            let end = rest.windows(2).position(|pair| pair == b"\n\n");
            let length = end.unwrap_or(rest.len());
            stream.block(offset, &rest[..length]);
            if end.is_none() {
                stream.violates(offset, "the last block is not ended by an empty line");
            }
            offset += length + 2;
        }
        stream.order();
        stream
    }

    /// The JSON events in order.
    #[must_use]
    pub fn chunks(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.events.iter().filter_map(|event| match event {
            Event::Json(value) => Some(value),
            _ => None,
        })
    }

    /// The JSON events that carry choices.
    #[must_use]
    pub fn choice_chunks(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.chunks().filter(|chunk| !choices(chunk).is_empty())
    }

    /// Every choice of every chunk, in order, with its index.
    pub fn choices(&self) -> impl Iterator<Item = (u64, &Value)> {
        self.chunks().flat_map(choices).filter_map(|choice| Some((choice.get("index")?.as_u64()?, choice)))
    }

    /// The indices of the choices, each once, ascending.
    #[must_use]
    pub fn indices(&self) -> Vec<u64> {
        let mut indices: Vec<u64> = self.choices().map(|(index, _)| index).collect();
        indices.sort_unstable();
        indices.dedup();
        indices
    }

    /// What choice `index` says in all, on either endpoint.
    #[must_use]
    pub fn text(&self, index: u64) -> String {
        let of_choice = self.choices().filter(|(at, _)| *at == index);
        of_choice
            .filter_map(|(_, choice)| {
                choice.pointer("/delta/content").and_then(Value::as_str).or(choice.get("text").and_then(Value::as_str))
            })
            .collect()
    }

    /// The ids of choice `index`, in order, where the request asked for `return_token_ids`.
    #[must_use]
    pub fn token_ids(&self, index: u64) -> Vec<u64> {
        let of_choice = self.choices().filter(|(at, _)| *at == index);
        of_choice
            .filter_map(|(_, choice)| choice.get("token_ids")?.as_array())
            .flatten()
            .filter_map(Value::as_u64)
            .collect()
    }

    /// The finish reasons of choice `index` that are not null, in order.
    #[must_use]
    pub fn finish_reasons(&self, index: u64) -> Vec<String> {
        let of_choice = self.choices().filter(|(at, _)| *at == index);
        of_choice.filter_map(|(_, choice)| Some(choice.get("finish_reason")?.as_str()?.to_owned())).collect()
    }

    fn block(&mut self, offset: usize, block: &[u8]) {
        let Ok(text) = std::str::from_utf8(block) else {
            self.violates(offset, "the block is not UTF-8");
            self.events.push(Event::Garbage(String::from_utf8_lossy(block).into_owned()));
            return;
        };
        if text.contains('\r') {
            self.violates(offset, "the block has a carriage return");
        }
        if let Some(comment) = text.strip_prefix(':') {
            self.events.push(Event::Comment(comment.trim_start().to_owned()));
            return;
        }
        let Some(payload) = text.strip_prefix("data: ") else {
            self.violates(offset, &format!("the block does not begin with `data: ` but with {:?}", head(text)));
            self.events.push(Event::Garbage(text.to_owned()));
            return;
        };
        if payload.contains('\n') {
            self.violates(offset, "the event has more than one line");
        }
        if payload == "[DONE]" {
            self.events.push(Event::Done);
            return;
        }
        match serde_json::from_str(payload) {
            Ok(value) => self.events.push(Event::Json(value)),
            Err(error) => {
                self.violates(offset, &format!("the payload is not JSON: {error}"));
                self.events.push(Event::Garbage(payload.to_owned()));
            }
        }
    }

    fn order(&mut self) {
        let dones = self.events.iter().filter(|event| **event == Event::Done).count();
        if dones != 1 {
            self.violates(0, &format!("the stream has `[DONE]` {dones} times"));
        }
        if let Some(first) = self.events.iter().position(|event| *event == Event::Done) {
            let after = self.events.len() - first - 1;
            if 0 < after {
                self.violates(0, &format!("{after} blocks follow the first `[DONE]`"));
            }
        }
    }

    fn violates(&mut self, offset: usize, what: &str) {
        self.violations.push(Violation { offset, what: what.to_owned() });
    }
}

/// The choices of a chunk; none where the key is absent or no array.
#[must_use]
pub fn choices(chunk: &Value) -> &[Value] {
    chunk.get("choices").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn head(text: &str) -> String {
    text.chars().take(24).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn violations(body: &str) -> Vec<String> {
        RawStream::read(body.as_bytes()).violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_stream_as_vllm_writes_it_has_no_violation() {
        let body = "data: {\"choices\":[{\"index\":0,\"text\":\"a\"}]}\n\n: keep-alive\n\ndata: [DONE]\n\n";
        let stream = RawStream::read(body.as_bytes());
        assert_eq!(stream.violations, []);
        assert_eq!(
            stream.events,
            [
                Event::Json(json!({"choices": [{"index": 0, "text": "a"}]})),
                Event::Comment("keep-alive".into()),
                Event::Done
            ]
        );
        assert_eq!(stream.text(0), "a");
    }

    #[test]
    fn every_departure_from_the_form_is_named_with_its_place() {
        assert_eq!(
            violations("data: {}\n\ndata: [DONE]"),
            ["at byte 10: the last block is not ended by an empty line"]
        );
        assert_eq!(
            violations("data:{}\n\ndata: [DONE]\n\n"),
            ["at byte 0: the block does not begin with `data: ` but with \"data:{}\""]
        );
        assert_eq!(violations("data: {}\r\n\ndata: [DONE]\n\n"), ["at byte 0: the block has a carriage return"]);
        assert_eq!(
            violations("data: {\n\ndata: [DONE]\n\n"),
            ["at byte 0: the payload is not JSON: EOF while parsing an object at line 1 column 1"]
        );
        assert_eq!(violations("data: {}\n\n"), ["at byte 0: the stream has `[DONE]` 0 times"]);
        assert_eq!(violations("data: [DONE]\n\ndata: {}\n\n"), ["at byte 0: 1 blocks follow the first `[DONE]`"]);
        assert_eq!(
            violations("data: [DONE]\n\ndata: [DONE]\n\n"),
            ["at byte 0: the stream has `[DONE]` 2 times", "at byte 0: 1 blocks follow the first `[DONE]`"]
        );
        assert_eq!(
            violations("event: x\ndata: {}\n\ndata: [DONE]\n\n"),
            ["at byte 0: the block does not begin with `data: ` but with \"event: x\\ndata: {}\""]
        );
    }

    #[test]
    fn texts_ids_and_finish_reasons_are_kept_apart_by_choice() {
        let body = concat!(
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"x\"},\"token_ids\":[7]}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"token_ids\":[1,2]}]}\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"},\"token_ids\":[3],\"finish_reason\":\"stop\"}]}\n\n",
            "data: [DONE]\n\n"
        );
        let stream = RawStream::read(body.as_bytes());
        assert_eq!(stream.indices(), [0, 1]);
        assert_eq!((stream.text(0), stream.text(1)), ("ab".into(), "x".into()));
        assert_eq!((stream.token_ids(0), stream.token_ids(1)), (vec![1, 2, 3], vec![7]));
        assert_eq!((stream.finish_reasons(0), stream.finish_reasons(1)), (vec!["stop".into()], vec![]));
    }
}
