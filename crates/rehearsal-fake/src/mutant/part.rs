//! One piece of an answer: its whole body, or an event of its stream.

use bytes::Bytes;
use serde_json::Value;

/// A piece as a mutant sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// A whole answer of JSON.
    Body(Value),
    /// An event of JSON, with its name where it has one.
    Event {
        /// What `event:` says.
        name: Option<String>,
        /// What `data:` says.
        data: Value,
    },
    /// `[DONE]`.
    Done,
    /// Everything else: comments, texts.
    Other(Bytes),
}

impl Part {
    /// Reads a piece; one chunk of a stream is one event.
    pub(super) fn read(bytes: &Bytes, is_event: bool) -> Self {
        let other = || Self::Other(bytes.clone());
        let Ok(text) = std::str::from_utf8(bytes) else { return other() };
        if !is_event {
            return serde_json::from_str(text).map_or_else(|_| other(), Self::Body);
        }
        let (name, rest) = match text.strip_prefix("event: ").and_then(|rest| rest.split_once('\n')) {
            Some((name, rest)) => (Some(name.to_owned()), rest),
            None => (None, text),
        };
        match rest.strip_prefix("data: ").map(str::trim_end) {
            Some("[DONE]") if name.is_none() => Self::Done,
            Some(data) => serde_json::from_str(data).map_or_else(|_| other(), |data| Self::Event { name, data }),
            None => other(),
        }
    }

    /// As it goes over the wire.
    pub(super) fn write(self) -> Bytes {
        match self {
            Self::Body(value) => value.to_string().into(),
            Self::Event { name: Some(name), data } => format!("event: {name}\ndata: {data}\n\n").into(),
            Self::Event { name: None, data } => format!("data: {data}\n\n").into(),
            Self::Done => Bytes::from_static(b"data: [DONE]\n\n"),
            Self::Other(bytes) => bytes,
        }
    }

    /// Its JSON.
    pub(super) fn json(&mut self) -> Option<&mut Value> {
        match self {
            Self::Body(value) | Self::Event { data: value, .. } => Some(value),
            Self::Done | Self::Other(_) => None,
        }
    }

    /// Whether it is the chunk of a stream that has the final usage and no choices.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self, Self::Event { data, .. } if data["choices"].as_array().is_some_and(Vec::is_empty))
    }

    /// Whether it is a chunk of a stream with a choice that ends.
    pub(super) fn is_finishing(&self) -> bool {
        matches!(self, Self::Event { data, .. } if data["choices"][0]["finish_reason"].is_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_written_as_they_were_read() {
        for event in [
            "data: {\"b\":1.5,\"a\":[]}\n\n",
            "data: [DONE]\n\n",
            ": keep-alive\n\n",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ] {
            assert_eq!(Part::read(&Bytes::from_static(event.as_bytes()), true).write(), event);
        }
        assert_eq!(Part::read(&Bytes::from_static(b"# HELP x y\n"), false).write(), "# HELP x y\n");
    }
}
