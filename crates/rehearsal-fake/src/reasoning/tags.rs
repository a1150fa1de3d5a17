//! Reasoning between two tags, after vLLM's `BaseThinkingReasoningParser` (`reasoning/basic_parsers.py` of 0.13.0 and 0.32.0, which agree).

use crate::tools::{MessageDelta, Slot};

/// What opens and closes reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tags {
    pub(crate) start: &'static str,
    pub(crate) end: &'static str,
}

/// Reasoning and content of a whole reply; without an end, all of it is reasoning.
pub(super) fn split(tags: Tags, text: &str) -> (Option<String>, Option<String>) {
    let text = text.split_once(tags.start).map_or(text, |(_, after)| after);
    match text.split_once(tags.end) {
        None => (Some(text.to_owned()), None),
        Some((reasoning, content)) => (Some(reasoning.to_owned()), (!content.is_empty()).then(|| content.to_owned())),
    }
}

/// A reply while it grows.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what has been seen of either tag, each apart from the other as in vLLM"
)]
pub(crate) struct TagStream {
    tags: Tags,
    starts_with_reasoning: bool,
    looks: bool,
    held: Held,
    started: bool,
    ended: bool,
    ended_with_last: bool,
    tokens: u64,
}

impl TagStream {
    pub(super) fn new(tags: Tags, starts_with_reasoning: bool) -> Self {
        Self {
            tags,
            starts_with_reasoning,
            looks: true,
            held: Held::default(),
            started: false,
            ended: false,
            ended_with_last: false,
            tokens: 0,
        }
    }

    /// A stream in which all is content.
    pub(super) fn without_reasoning(tags: Tags) -> Self {
        Self { looks: false, ..Self::new(tags, false) }
    }

    /// Whether the last step ended the reasoning.
    pub(crate) fn ended_with_last(&self) -> bool {
        self.ended_with_last
    }

    /// Tokens between the tags so far.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// What a token's text adds; `None` for a tag, and for what may become one.
    pub(crate) fn push(&mut self, text: &str) -> Option<MessageDelta> {
        self.ended_with_last = false;
        if !self.looks {
            return Some(MessageDelta::content(text));
        }
        let Tags { start, end } = self.tags;
        let text = self.held.release(text, &[start, end])?;
        let (starts, ends) = (text.contains(start), text.contains(end));
        let (started, ended) = (self.started, self.ended);
        self.started |= starts;
        self.ended |= ends;
        self.ended_with_last = ends;
        if text == start || text == end {
            return None;
        }
        self.tokens += u64::from(self.started && !self.ended);
        let open = started || starts || self.starts_with_reasoning;
        if !open || ended {
            return Some(MessageDelta::content(text));
        }
        let inside =
            if started { text.as_str() } else { text.split_once(start).map_or(text.as_str(), |(_, after)| after) };
        Some(match inside.split_once(end) {
            Some((reasoning, content)) => MessageDelta {
                content: Slot::nullable((!content.is_empty()).then(|| content.to_owned())),
                ..MessageDelta::reasoning(reasoning)
            },
            None => MessageDelta::reasoning(inside),
        })
    }
}

/// Text at the end of a reply that may be the beginning of a tag.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(String);

impl Held {
    /// The text that is no beginning of a tag; `None` when all of it may be one. An empty text, which only the last step has, lets go of
    /// everything.
    pub(super) fn release(&mut self, text: &str, tags: &[&str]) -> Option<String> {
        let mut all = std::mem::take(&mut self.0) + text;
        if text.is_empty() {
            return Some(all);
        }
        let longest = tags.iter().map(|tag| overlap(&all, tag)).max().unwrap_or(0);
        self.0 = all.split_off(all.len() - longest);
        (!all.is_empty()).then_some(all)
    }
}

/// How many bytes at the end of `text` may begin `tag`.
fn overlap(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|len| tag.get(..*len).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: Tags = Tags { start: "<think>", end: "</think>" };

    fn parts(starts_with_reasoning: bool, tokens: &[&str]) -> (String, String) {
        let mut stream = TagStream::new(TAGS, starts_with_reasoning);
        let (mut reasoning, mut content) = (String::new(), String::new());
        for token in tokens {
            let Some(delta) = stream.push(token) else { continue };
            reasoning.push_str(delta.reasoning.text().unwrap_or_default());
            content.push_str(delta.content.text().unwrap_or_default());
        }
        (reasoning, content)
    }

    #[test]
    fn tags_part_a_growing_reply_wherever_tokens_end() {
        let expect = (" a".to_owned(), "b < c".to_owned());
        assert_eq!(parts(false, &["<think>", " a", "</think>", "b", " <", " c", ""]), expect);
        assert_eq!(parts(false, &["<", "think", "> a<", "/think>b", " <", " c", ""]), expect);
        assert_eq!(parts(true, &[" a", "</think>", "b", " <", " c", ""]), expect);
        assert_eq!(parts(false, &[" a", "</think>"]), (String::new(), " a".to_owned()));
    }
}
