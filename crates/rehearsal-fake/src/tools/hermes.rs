//! The Hermes format: `<tool_call>{"name": …, "arguments": …}</tool_call>`.

use serde_json::Value;

use super::{
    message::{CallDelta, MessageDelta, Slot, ToolCall},
    name::Tags,
};
use crate::api::python::dumps;

/// A whole text with calls in it: what stands before the first, and all of them. `None` when there is no call, or one that cannot be read
/// (vLLM then takes all of the text for content).
pub(super) fn extract(tags: Tags, text: &str) -> Option<(Option<String>, Vec<ToolCall>)> {
    let (content, mut rest) = text.split_once(tags.start)?;
    let mut calls = Vec::new();
    loop {
        let (body, after) = match rest.split_once(tags.end) {
            Some((body, after)) => (body, Some(after)),
            None => (rest, None),
        };
        calls.push(read_call(body)?);
        match after.and_then(|after| after.split_once(tags.start)) {
            Some((_, next)) => rest = next,
            None => break,
        }
    }
    let content = (!content.is_empty()).then(|| content.to_owned());
    Some((content, calls))
}

fn read_call(json: &str) -> Option<ToolCall> {
    let call: Value = serde_json::from_str(json).ok()?;
    Some(ToolCall { name: call.get("name")?.as_str()?.to_owned(), arguments: dumps(call.get("arguments")?) })
}

/// The calls of a growing text, read anew at every step, as vLLM does since its hermes parser keeps no state of its own
/// (`tool_parsers/hermes_tool_parser.py` of 0.32.0).
#[derive(Clone, Debug)]
pub(super) struct Cumulative {
    tags: Tags,
    text: String,
    sent_content: usize,
    calls: Vec<Sent>,
}

/// What a client has of one call.
#[derive(Clone, Debug, Default)]
struct Sent {
    named: bool,
    arguments: usize,
}

impl Cumulative {
    pub(super) fn new(tags: Tags) -> Self {
        Self { tags, text: String::new(), sent_content: 0, calls: Vec::new() }
    }

    /// What this text adds; `None` when nothing can be said yet.
    pub(super) fn push(&mut self, text: &str) -> Option<MessageDelta> {
        self.text.push_str(text);
        let content = self.new_content();
        let mut deltas = Vec::new();
        for (index, (json, complete)) in bodies(self.tags, &self.text).into_iter().enumerate() {
            if self.calls.len() <= index {
                self.calls.push(Sent::default());
            }
            let Some(sent) = self.calls.get_mut(index) else { break };
            if !sent.named {
                let Some(name) = name(&json) else { break };
                sent.named = true;
                deltas.push(CallDelta { index, opens: true, name: Slot::Text(name), arguments: None });
            }
            if let Some(arguments) = arguments(&json, complete).filter(|arguments| sent.arguments < arguments.len()) {
                let new = arguments.get(sent.arguments..).unwrap_or_default().to_owned();
                sent.arguments = arguments.len();
                deltas.push(CallDelta { index, arguments: Some(new), ..CallDelta::default() });
            }
        }
        if content.is_none() && deltas.is_empty() {
            return None;
        }
        Some(MessageDelta { content: Slot::nullable(content), tool_calls: deltas, ..MessageDelta::default() })
    }

    /// Arguments of the last call that were not sent: an empty object for a call without any.
    pub(super) fn unsent_arguments(&self) -> &'static str {
        match self.calls.last() {
            Some(sent) if sent.arguments == 0 => "{}",
            _ => "",
        }
    }

    fn new_content(&mut self) -> Option<String> {
        let end = match self.text.find(self.tags.start) {
            Some(at) => at,
            None => self.text.len() - overlap(&self.text, self.tags.start),
        };
        let content = self.text.get(self.sent_content..end).filter(|content| !content.is_empty())?;
        self.sent_content = end;
        Some(content.to_owned())
    }
}

/// The JSON of each call so far, and whether it is all there.
fn bodies(tags: Tags, text: &str) -> Vec<(String, bool)> {
    let mut bodies = Vec::new();
    let mut rest = text;
    while let Some((_, body)) = rest.split_once(tags.start) {
        if let Some((json, after)) = body.split_once(tags.end) {
            bodies.push((json.trim().to_owned(), true));
            rest = after;
            continue;
        }
        let json = body.get(..body.len() - overlap(body, tags.end)).unwrap_or_default().trim();
        let complete = !json.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
        bodies.push((json.to_owned(), complete));
        break;
    }
    bodies
}

/// How many bytes at the end of `text` may begin `tag`.
pub(super) fn overlap(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|len| tag.get(..*len).is_some_and(|start| text.ends_with(start))).unwrap_or(0)
}

/// What follows the first `"key"`, its colon and white space.
fn value_of<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    json.match_indices(key).find_map(|(at, _)| {
        let rest = json.get(at + key.len()..)?.trim_start();
        rest.strip_prefix(':').map(str::trim_start)
    })
}

fn name(json: &str) -> Option<String> {
    let (name, _) = value_of(json, "\"name\"")?.strip_prefix('"')?.split_once('"')?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The value of `arguments` as far as it goes, without what closes the call around it.
fn arguments(json: &str, complete: bool) -> Option<&str> {
    let raw = value_of(json, "\"arguments\"")?;
    let (open, close) = match raw.chars().next() {
        Some('{') => ('{', '}'),
        Some('[') => ('[', ']'),
        _ if complete => {
            let scalar = raw.trim_end();
            return Some(scalar.strip_suffix('}').map_or(scalar, str::trim_end));
        }
        _ => return Some(raw),
    };
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (at, character) in raw.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            _ if character == open => depth += 1,
            _ if character == close => {
                depth -= 1;
                if depth == 0 {
                    return raw.get(..=at);
                }
            }
            _ => {}
        }
    }
    Some(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::ToolCallParser;

    const TAGS: Tags = ToolCallParser::Hermes.tags();

    fn call(name: &str, arguments: &str) -> ToolCall {
        ToolCall { name: name.to_owned(), arguments: arguments.to_owned() }
    }

    #[test]
    fn calls_of_a_whole_text_are_read_and_their_arguments_written_as_python_does() {
        let text = "Let me see.<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\":1,\"b\":[\"é\"]}}\n</tool_call>\n<tool_call>{\"name\":\"g\",\"arguments\":{}}";
        let (content, calls) = extract(TAGS, text).unwrap();
        assert_eq!(content.as_deref(), Some("Let me see."));
        assert_eq!(calls, [call("f", "{\"a\": 1, \"b\": [\"é\"]}"), call("g", "{}")]);
    }

    #[test]
    fn a_call_that_cannot_be_read_leaves_all_of_it_content() {
        for text in
            ["plain", "<tool_call>{\"name\": \"f\", ", "<tool_call>{\"name\": \"f\"}</tool_call>", "<tool_call>"]
        {
            assert_eq!(extract(TAGS, text), None, "{text}");
        }
    }

    /// However the text is cut, its parts add up to the same.
    #[test]
    fn a_growing_text_gives_the_same_calls_as_the_whole() {
        let text = "Hi <b><tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"}\\\"\", \"b\": {\"c\": 1}}}\n</tool_call><tool_call>{\"name\": \"g\", \"arguments\": [1]}</tool_call>";
        for size in 1..40 {
            let mut parser = Cumulative::new(TAGS);
            let (mut content, mut calls) = (String::new(), Vec::<ToolCall>::new());
            for piece in text.as_bytes().chunks(size) {
                let Some(delta) = parser.push(std::str::from_utf8(piece).unwrap()) else { continue };
                content.push_str(delta.content.text().unwrap_or_default());
                for delta in delta.tool_calls {
                    if delta.opens {
                        calls.push(call(delta.name.text().unwrap(), ""));
                    }
                    calls[delta.index].arguments.push_str(delta.arguments.as_deref().unwrap_or_default());
                }
            }
            assert_eq!(content, "Hi <b>", "{size}");
            assert_eq!(calls, [call("f", "{\"a\": \"}\\\"\", \"b\": {\"c\": 1}}"), call("g", "[1]")], "{size}");
        }
    }
}
