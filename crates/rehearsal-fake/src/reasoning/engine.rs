//! Reasoning as vLLM's parser engine finds it for Qwen3 (`parser/qwen3.py` of 0.32.0): a reply begins with reasoning, which the end tag or
//! a tool call ends.

use super::tags::{Held, Tags};
use crate::tools::{MessageDelta, Slot};

/// The tag whose call ends reasoning without an end tag.
const TOOL_CALL: &str = "<tool_call>";

/// Reasoning and content of a whole reply.
pub(super) fn split(tags: Tags, text: &str) -> (Option<String>, Option<String>) {
    let filled = |text: String| (!text.is_empty()).then_some(text);
    let Some(end) = find_end(tags, text) else { return (filled(text.replace(tags.start, "")), None) };
    let reasoning = text.get(..end.at).unwrap_or_default().replace(tags.start, "");
    // a second end tag is swallowed
    let content = text.get(end.content..).unwrap_or_default().replace(tags.end, "");
    (filled(reasoning), filled(content))
}

/// Where reasoning ends and where content begins.
struct End {
    at: usize,
    content: usize,
}

fn find_end(tags: Tags, text: &str) -> Option<End> {
    let tagged = text.find(tags.end).map(|at| End { at, content: at + tags.end.len() });
    let called = text.find(TOOL_CALL).map(|at| End { at, content: at });
    match (tagged, called) {
        (Some(tagged), Some(called)) => Some(if tagged.at < called.at { tagged } else { called }),
        (tagged, called) => tagged.or(called),
    }
}

/// The reasoning of a growing reply, until it ends.
#[derive(Clone, Debug)]
pub(super) struct EngineStream {
    tags: Tags,
    held: Held,
    over: bool,
    tokens: u64,
}

impl EngineStream {
    pub(super) fn new(tags: Tags) -> Self {
        Self { tags, held: Held::default(), over: false, tokens: 0 }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// What a token's text adds: reasoning, and with its end the content behind it.
    pub(super) fn push(&mut self, text: &str) -> Option<MessageDelta> {
        let Tags { start, end } = self.tags;
        let text = self.held.release(text, &[start, end, TOOL_CALL])?;
        let found = find_end(self.tags, &text);
        self.over = found.is_some();
        let (reasoning, content) = match found {
            Some(End { at, content }) => text.get(..at).zip(text.get(content..)).unwrap_or_default(),
            None => (text.as_str(), ""),
        };
        let reasoning = reasoning.replace(start, "");
        self.tokens += u64::from(!reasoning.is_empty());
        let slot = |text: String| if text.is_empty() { Slot::Absent } else { Slot::Text(text) };
        let delta =
            MessageDelta { content: slot(content.to_owned()), reasoning: slot(reasoning), ..MessageDelta::default() };
        (delta != MessageDelta::default()).then_some(delta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: Tags = Tags { start: "<think>", end: "</think>" };

    #[track_caller]
    fn check(tokens: &[&str], reasoning: &str, content: &str, counted: u64) {
        let mut stream = EngineStream::new(TAGS);
        let (mut thought, mut said) = (String::new(), String::new());
        for token in tokens {
            if stream.is_over() {
                said.push_str(token);
                continue;
            }
            let delta = stream.push(token).unwrap_or_default();
            thought.push_str(delta.reasoning.text().unwrap_or_default());
            said.push_str(delta.content.text().unwrap_or_default());
        }
        assert_eq!((thought.as_str(), said.as_str(), stream.tokens()), (reasoning, content, counted));
    }

    /// The first three are recorded from 0.32.0, their counts too.
    #[test]
    fn reasoning_needs_no_start_and_ends_with_a_tag_or_a_call() {
        check(
            &["<think>", "\nLet", " me", " ponder", " briefly.", "</think>", "\n\nAnswer:", " forty", ""],
            "\nLet me ponder briefly.",
            "\n\nAnswer: forty",
            4,
        );
        check(&[" Paris", " is", " .", ""], " Paris is .", "", 3);
        check(&["<tool_call>", "\n{"], "", "<tool_call>\n{", 0);
        check(&["<", "thi", "nk>a", "</th", "ink> b"], "a", " b", 1);
    }
}
