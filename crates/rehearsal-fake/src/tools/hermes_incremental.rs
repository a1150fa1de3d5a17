//! Hermes calls token by token, as vLLM read them while its parser compared every step with the one before
//! (`tool_parsers/hermes_tool_parser.py` of 0.13.0), its slips included: arguments leave in the pieces in which the tokens bring them, and
//! one parser serves all choices of a request.

use serde_json::{Map, Value};

use super::{
    message::{CallDelta, MessageDelta, Slot},
    name::Tags,
    partial_json::{CutStrings, complete},
};
use crate::api::python::dumps;

/// The parser of one request.
#[derive(Clone, Debug)]
pub(super) struct Incremental {
    tags: Tags,
    /// The texts of the tokens that make up the tags.
    tag_tokens: TagTokens,
    buffered: String,
    /// Index of the call under way.
    current: Option<usize>,
    name_sent: bool,
    /// What each call was at the last step; vLLM's `prev_tool_call_arr`.
    calls: Vec<Map<String, Value>>,
    streamed: Vec<String>,
}

/// The texts of the tokens of both tags.
#[derive(Clone, Debug, Default)]
pub(crate) struct TagTokens {
    pub(crate) start: Vec<String>,
    pub(crate) end: Vec<String>,
}

/// Texts of one choice around a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) before: &'a str,
    pub(super) after: &'a str,
    pub(super) delta: &'a str,
    pub(super) tokens: usize,
}

impl Incremental {
    pub(super) fn new(tags: Tags, tag_tokens: TagTokens) -> Self {
        Self {
            tags,
            tag_tokens,
            buffered: String::new(),
            current: None,
            name_sent: false,
            calls: Vec::new(),
            streamed: Vec::new(),
        }
    }

    /// Whether any call has begun to carry arguments.
    pub(super) fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// What a reply that ends still owes of its last call, in place of a last delta with `latest` bytes of arguments: all that the call
    /// would be if its JSON were closed, less what was sent before.
    pub(super) fn remaining(&self, latest: usize) -> CallDelta {
        let index = self.calls.len().saturating_sub(1);
        let call = self.calls.get(index);
        let expected = call.and_then(|call| call.get("arguments")).map_or_else(|| "{}".to_owned(), dumps);
        let streamed = self.streamed.get(index).map_or("", String::as_str);
        let sent = streamed.get(..streamed.len().saturating_sub(latest)).unwrap_or_default();
        CallDelta { index, arguments: Some(expected.replacen(sent, "", 1)), ..CallDelta::default() }
    }

    /// What a step adds; `None` when nothing can be said yet.
    pub(super) fn push(&mut self, step: Step<'_>) -> Option<MessageDelta> {
        let Tags { start, end } = self.tags;
        let mut delta = self.unbuffered(step.delta);
        let mut before = step.before;
        let mut after = step.after.to_owned();
        if !self.buffered.is_empty()
            && let Some(shorter) = before.strip_suffix(self.buffered.as_str())
        {
            before = shorter;
            after = format!("{before}{delta}");
        }
        if !after.contains(start) {
            return Some(MessageDelta::content(delta));
        }
        let count = |text: &str, tag: &str| text.matches(tag).count();
        let (starts_before, ends_before) = (count(before, start), count(before, end));
        let (starts, ends) = (count(&after, start), count(&after, end));
        if starts == ends && ends_before == ends && !delta.contains(end) {
            return Some(MessageDelta::content(delta));
        }
        if delta.contains(end) {
            let kept = delta.split(end).next().map_or(0, |text| text.trim_end().len());
            delta.truncate(kept);
        }
        let strings = if self.name_sent { CutStrings::Kept } else { CutStrings::Dropped };
        let last_call = || after.rsplit(start).next().unwrap_or_default().to_owned();
        let portion = if ends < starts && starts_before < starts {
            self.current = Some(self.current.map_or(0, |current| current + 1));
            self.name_sent = false;
            self.streamed.push(String::new());
            (1 < step.tokens).then(last_call)
        } else if ends < starts {
            Some(last_call())
        } else if starts == ends && ends_before <= ends {
            return self.close(&delta);
        } else {
            let text = delta.replace(start, "").replace(end, "");
            return Some(MessageDelta::content(text));
        };
        let portion = portion.filter(|portion| !portion.is_empty())?;
        let Value::Object(call) = complete(&portion, strings)? else { return None };
        if !self.name_sent {
            let name = call.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())?;
            self.name_sent = true;
            let name = Slot::Text(name.to_owned());
            return Some(MessageDelta::call(CallDelta { index: self.current?, opens: true, name, arguments: None }));
        }
        self.more(call, &portion, delta)
    }

    /// Keeps back a token that may belong to a tag until the tag is whole or refuted.
    fn unbuffered(&mut self, delta: &str) -> String {
        let TagTokens { start, end } = &self.tag_tokens;
        let is = |token: &String| token == delta;
        let ends_a_tag = start.last().is_some_and(is) || end.last().is_some_and(is);
        if !ends_a_tag && (start.iter().any(is) || end.iter().any(is)) {
            self.buffered.push_str(delta);
            return String::new();
        }
        std::mem::take(&mut self.buffered) + delta
    }

    /// The tag at the end of a call has come.
    fn close(&mut self, delta: &str) -> Option<MessageDelta> {
        let index = self.current?;
        let arguments = self.calls.get(index)?.get("arguments");
        let has_arguments = arguments.is_some_and(|arguments| !is_falsy(arguments));
        if !has_arguments {
            return None;
        }
        let end = delta.rfind("\"}")?;
        let rest = delta.get(..end + 2)?.to_owned();
        self.streamed.get_mut(index)?.push_str(&rest);
        Some(MessageDelta::call(CallDelta { index, arguments: Some(rest), ..CallDelta::default() }))
    }

    /// A call whose name is known has grown.
    fn more(&mut self, call: Map<String, Value>, portion: &str, mut delta: String) -> Option<MessageDelta> {
        let index = self.current?;
        if self.calls.len() <= index {
            self.calls.push(Map::new());
        }
        let there = |call: &Map<String, Value>| call.get("arguments").is_some_and(|arguments| !is_falsy(arguments));
        let (had, has) = (self.calls.get(index).is_some_and(there), there(&call));
        let arguments = match (had, has) {
            (_, false) => None,
            (false, true) => {
                let json = arguments_text(&call, portion);
                let at = json.rfind(&delta)? + delta.len();
                Some(json.get(..at)?.to_owned())
            }
            (true, true) => {
                let whole = serde_json::from_str::<serde::de::IgnoredAny>(portion).is_ok();
                if whole && let Some(shorter) = delta.trim_end().strip_suffix('}') {
                    // that brace closes the call, not its arguments
                    let kept = shorter.len();
                    delta.truncate(kept);
                }
                Some(delta)
            }
        };
        if self.calls.len() == index + 1 {
            if let Some(known) = self.calls.get_mut(index) {
                *known = call;
            }
        } else {
            self.calls.push(call);
        }
        let arguments = arguments?;
        self.streamed.get_mut(index)?.push_str(&arguments);
        Some(MessageDelta::call(CallDelta { index, arguments: Some(arguments), ..CallDelta::default() }))
    }
}

/// What Python takes for false.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// The arguments as they stand in the text, if it has the keys in the usual order, or else written anew.
fn arguments_text(call: &Map<String, Value>, portion: &str) -> String {
    let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
    let in_order = || {
        let rest = portion.trim().strip_prefix("{\"name\":")?.trim_start();
        let rest = rest.strip_prefix('"')?.strip_prefix(name)?.strip_prefix('"')?.trim_start();
        let rest = rest.strip_prefix(',')?.trim_start().strip_prefix("\"arguments\":")?;
        Some(rest.trim_start().to_owned())
    };
    in_order().unwrap_or_else(|| call.get("arguments").map_or_else(String::new, dumps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::ToolCallParser;

    fn parts(tokens: &[&str]) -> Vec<String> {
        let tags = ToolCallParser::Hermes.tags();
        let tag_tokens = TagTokens { start: vec![tags.start.to_owned()], end: vec![tags.end.to_owned()] };
        let mut parser = Incremental::new(tags, tag_tokens);
        let mut text = String::new();
        let mut parts = Vec::new();
        for token in tokens {
            let before = text.clone();
            text.push_str(token);
            let step = Step { before: &before, after: &text, delta: token, tokens: 1 };
            let Some(delta) = parser.push(step) else { continue };
            parts.extend(delta.content.text().map(|content| format!("text {content}")));
            for call in delta.tool_calls {
                let name = call.name.text().map(|name| format!("call {} {name}", call.index));
                parts.extend(name.or(call.arguments.map(|arguments| format!("{}: {arguments}", call.index))));
            }
        }
        parts
    }

    /// The parts are recorded from 0.13.0.
    #[test]
    fn a_call_comes_in_the_pieces_of_its_tokens() {
        let tokens = [
            "Hm.",
            "<tool_call>",
            "\n{\"name\": ",
            "\"get_weather\"",
            ", \"arguments\": ",
            "{\"city\": ",
            "\"Berlin\"",
            ", \"unit\": ",
            "\"celsius\"",
            "}}\n",
            "</tool_call>",
            "",
        ];
        let expect =
            ["text Hm.", "call 0 get_weather", "0: {\"city\": \"Berlin\"", "0: , \"unit\": ", "0: \"celsius\"", "0: }"];
        assert_eq!(parts(&tokens), expect);
    }
}
