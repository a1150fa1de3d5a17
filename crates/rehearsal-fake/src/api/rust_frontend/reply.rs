//! A growing reply told apart into reasoning, text and tool calls, as the Rust frontend's parsers do (`rust/src/parser`): reasoning
//! first, and what is left of the text goes on to the tool parser.

use super::{call_reader::CallReader, reasoning_reader::ReasoningReader};

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Text for the user.
    Text(String),
    /// Text that led there.
    Reasoning(String),
    /// The beginning of a call.
    Call { name: String },
    /// More of the latest call's arguments.
    Arguments(String),
}

/// Reads one reply.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplyReader {
    reasoning: Option<ReasoningReader>,
    calls: Option<CallReader>,
    calls_begun: usize,
}

impl ReplyReader {
    pub(super) fn new(reasoning: Option<ReasoningReader>, calls: Option<CallReader>) -> Self {
        Self { reasoning, calls, calls_begun: 0 }
    }

    /// The same for a reply whose prompt has opened the reasoning.
    pub(super) fn thinking(self) -> Self {
        Self { reasoning: self.reasoning.map(ReasoningReader::thinking), ..self }
    }

    /// What a token's text brings; it may bring nothing yet.
    pub(super) fn push(&mut self, text: &str) -> Vec<Said> {
        let pieces = match &mut self.reasoning {
            Some(reasoning) => reasoning.push(text),
            None => vec![Said::Text(text.to_owned())],
        };
        self.on(pieces)
    }

    /// What was kept back in case a tag followed.
    pub(super) fn finish(&mut self) -> Vec<Said> {
        let pieces = self.reasoning.as_mut().map(ReasoningReader::finish).unwrap_or_default();
        let mut said = self.on(pieces);
        said.extend(self.calls.as_mut().map(CallReader::finish).unwrap_or_default());
        said.retain(|piece| *piece != Said::Text(String::new()));
        said
    }

    /// Tokens of the reasoning so far.
    pub(super) fn reasoning_tokens(&self) -> u64 {
        self.reasoning.as_ref().map_or(0, ReasoningReader::tokens)
    }

    /// Calls begun so far.
    pub(super) fn calls(&self) -> usize {
        self.calls_begun
    }

    fn on(&mut self, pieces: Vec<Said>) -> Vec<Said> {
        let mut said = Vec::new();
        for piece in pieces {
            match (piece, &mut self.calls) {
                (Said::Text(text), Some(calls)) => said.extend(calls.push(&text)),
                (piece, _) => said.push(piece),
            }
        }
        said.retain(|piece| *piece != Said::Text(String::new()));
        self.calls_begun += said.iter().filter(|piece| matches!(piece, Said::Call { .. })).count();
        said
    }
}

/// How many bytes at the end of a text may be the beginning of that marker.
pub(super) fn partial(text: &str, marker: &str) -> usize {
    (1..marker.len()).rev().find(|count| marker.get(..*count).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tokens: &[&str]) -> (Vec<Vec<Said>>, u64) {
        let mut reader = ReplyReader::new(
            Some(ReasoningReader::new("<think>", "</think>")),
            Some(CallReader::new("<tool_call>", "</tool_call>")),
        );
        let mut said: Vec<Vec<Said>> = tokens.iter().map(|token| reader.push(token)).collect();
        said.push(reader.finish());
        (said, reader.reasoning_tokens())
    }

    fn text(text: &str) -> Said {
        Said::Text(text.to_owned())
    }

    fn reasoning(text: &str) -> Said {
        Said::Reasoning(text.to_owned())
    }

    fn arguments(text: &str) -> Said {
        Said::Arguments(text.to_owned())
    }

    /// Tokens, chunks and the count of three as recorded: the token whose beginning is the line feed behind the tag is not counted.
    #[test]
    fn reasoning_loses_the_line_feeds_at_its_tags_and_the_token_that_begins_with_one() {
        let (said, tokens) =
            read(&["<think>", "\nLet", " me", " ponder", " briefly.", "</think>", "\n\nAnswer:", " two."]);
        assert_eq!(
            said,
            [
                vec![],
                vec![reasoning("Let")],
                vec![reasoning(" me")],
                vec![reasoning(" ponder")],
                vec![reasoning(" briefly.")],
                vec![],
                vec![text("Answer:")],
                vec![text(" two.")],
                vec![]
            ]
        );
        assert_eq!(tokens, 3);
    }

    /// Tokens and chunks as recorded: a call is announced with the first of its arguments.
    #[test]
    fn a_call_begins_with_its_arguments_which_are_passed_on_as_they_come() {
        let call = [
            "<tool_call>",
            "\n{\"name\": ",
            "\"f\"",
            ", \"arguments\": ",
            "{\"city\": ",
            "\"Berlin\"",
            "}}\n",
            "</tool_call>",
        ];
        let begins = vec![Said::Call { name: "f".to_owned() }, arguments("{\"city\": ")];
        let (said, _) = read(&call);
        assert_eq!(
            said,
            [
                vec![],
                vec![],
                vec![],
                vec![],
                begins,
                vec![arguments("\"Berlin\"")],
                vec![arguments("}")],
                vec![],
                vec![]
            ]
        );
    }

    #[test]
    fn what_only_looked_like_a_tag_is_text() {
        assert_eq!(read(&["a <", "b"]).0, [vec![text("a ")], vec![text("<b")], vec![]]);
        assert_eq!(read(&["a <tool"]).0, [vec![text("a ")], vec![text("<tool")]]);
        assert_eq!(read(&["<tool_call>", "no"]).0, [vec![], vec![text("no")], vec![]]);
    }
}
