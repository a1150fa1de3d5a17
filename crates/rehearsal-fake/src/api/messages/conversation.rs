//! The conversation of a message as that of a chat (`entrypoints/anthropic/serving.py`).

use serde_json::{Map, Value, json};

use crate::{
    api::python::{dumps, repr},
    version::ToolResults,
};

/// Claude Code puts a hash that differs from request to request into a block of its own; vLLM leaves it out, so that prefixes stay equal.
const BILLING_HEADER: &str = "x-anthropic-billing-header";

/// The messages of a chat.
pub(super) fn chat_messages(results: ToolResults, system: Option<&Value>, messages: &[Value]) -> Vec<Value> {
    let mut chat = Vec::new();
    let is_system = |message: &&Value| role(message) == "system";
    let inline = messages.iter().filter(is_system).filter_map(|message| message.get("content"));
    let texts: Vec<&str> =
        system.into_iter().chain(inline).flat_map(|content| system_texts(results, content)).collect();
    let has_system = match results {
        // an empty list of blocks makes a message, an empty string none
        ToolResults::Printed => system.is_some_and(|system| system.as_array().is_some_and(|blocks| !blocks.is_empty())),
        ToolResults::Joined => false,
    };
    if has_system || !texts.is_empty() {
        chat.push(json!({"role": "system", "content": texts.concat()}));
    }
    for message in messages.iter().filter(|message| !is_system(message)) {
        add(results, message, &mut chat);
    }
    chat
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn system_texts(results: ToolResults, content: &Value) -> Vec<&str> {
    let texts: Vec<&str> = match content {
        Value::String(text) => vec![text.as_str()],
        Value::Array(blocks) => blocks.iter().filter_map(block_text).collect(),
        _ => Vec::new(),
    };
    let kept = |text: &&str| !text.is_empty() && (results == ToolResults::Printed || !text.starts_with(BILLING_HEADER));
    texts.into_iter().filter(kept).collect()
}

fn block_text(block: &Value) -> Option<&str> {
    let is_text = block.get("type").is_some_and(|kind| kind == "text");
    block.get("text").and_then(Value::as_str).filter(|text| is_text && !text.is_empty())
}

/// What the blocks of one message come to.
#[derive(Debug, Default)]
struct Content {
    parts: Vec<Value>,
    calls: Vec<Value>,
    thoughts: Vec<String>,
}

/// Adds a message, and before it the results of tools that it holds.
fn add(results: ToolResults, message: &Value, chat: &mut Vec<Value>) {
    let role = role(message);
    let blocks = match message.get("content") {
        Some(Value::Array(blocks)) => blocks,
        content => {
            chat.push(json!({"role": role, "content": content}));
            return;
        }
    };
    let mut content = Content::default();
    for block in blocks {
        add_block(results, role, block, &mut content, chat);
    }
    let mut said = Map::new();
    said.insert("role".to_owned(), role.into());
    if !content.thoughts.is_empty() {
        said.insert("reasoning".to_owned(), content.thoughts.concat().into());
    }
    if !content.calls.is_empty() {
        said.insert("tool_calls".to_owned(), content.calls.into());
    }
    match content.parts.as_slice() {
        [] => {}
        [part] if part.get("text").is_some() => {
            said.insert("content".to_owned(), part.get("text").cloned().unwrap_or_default());
        }
        _ => {
            said.insert("content".to_owned(), content.parts.into());
        }
    }
    let says_nothing = match results {
        ToolResults::Printed => said.len() == 1,
        ToolResults::Joined => role == "user" && !said.contains_key("content"),
    };
    if !says_nothing {
        chat.push(said.into());
    }
}

fn add_block(results: ToolResults, role: &str, block: &Value, content: &mut Content, chat: &mut Vec<Value>) {
    let text = |key: &str| block.get(key).and_then(Value::as_str);
    match text("type").unwrap_or_default() {
        "text" => content.parts.extend(block_text(block).map(|text| json!({"type": "text", "text": text}))),
        "image" => content.parts.extend(block.get("source").and_then(|source| image(results, source))),
        "thinking" => content.thoughts.extend(text("thinking").map(str::to_owned)),
        "tool_use" => {
            let input = block.get("input").filter(|input| input.is_object()).cloned().unwrap_or_else(|| json!({}));
            let function = json!({"name": text("name").unwrap_or_default(), "arguments": dumps(&input)});
            let id = text("id").filter(|id| !id.is_empty()).unwrap_or("call_0");
            content.calls.push(json!({"id": id, "type": "function", "function": function}));
        }
        "tool_result" if role == "user" => add_result(results, block, chat),
        "tool_result" => {
            let result = block.get("content").filter(|result| !is_falsy(result)).map_or_else(String::new, printed);
            content.parts.push(json!({"type": "text", "text": format!("Tool result: {result}")}));
        }
        _ => {}
    }
}

fn image(results: ToolResults, source: &Value) -> Option<Value> {
    let text = |key: &str| source.get(key).and_then(Value::as_str);
    let url = match results {
        ToolResults::Printed => text("data").unwrap_or_default().to_owned(),
        ToolResults::Joined if text("type") == Some("url") => text("url").unwrap_or_default().to_owned(),
        ToolResults::Joined => {
            let media_type = text("media_type").unwrap_or("image/jpeg");
            format!("data:{media_type};base64,{}", text("data").unwrap_or_default())
        }
    };
    source.is_object().then(|| json!({"type": "image_url", "image_url": {"url": url}}))
}

/// The result of a tool becomes a message of its own.
fn add_result(results: ToolResults, block: &Value, chat: &mut Vec<Value>) {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let content = block.get("content").filter(|content| !is_falsy(content));
    if results == ToolResults::Printed {
        let id = text(block, "id").unwrap_or_default();
        chat.push(json!({"role": "tool", "tool_call_id": id, "content": content.map_or_else(String::new, printed)}));
        return;
    }
    let id = text(block, "tool_use_id").unwrap_or_default();
    let items = content.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let of_kind = |kind: &'static str| items.iter().filter(move |item| item.get("type").is_some_and(|own| own == kind));
    let result = match content {
        Some(Value::String(text)) => text.clone(),
        _ => of_kind("text").map(|item| text(item, "text").unwrap_or_default()).collect::<Vec<_>>().join("\n"),
    };
    chat.push(json!({"role": "tool", "tool_call_id": id, "content": result}));
    let images: Vec<Value> =
        of_kind("image").filter_map(|item| image(results, item.get("source").unwrap_or(&Value::Null))).collect();
    if !images.is_empty() {
        chat.push(json!({"role": "user", "content": images}));
    }
    let reference = |item: &Value| {
        let name = text(item, "tool_name").or_else(|| text(item, "name"))?;
        Some(json!({"type": "tool_reference", "name": name}))
    };
    let references: Vec<Value> = of_kind("tool_reference").filter_map(reference).collect();
    if !references.is_empty() {
        chat.push(json!({"role": "tool", "tool_call_id": id, "content": references}));
    }
}

fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Python's `str(value)`.
fn printed(value: &Value) -> String {
    value.as_str().map_or_else(|| repr(value), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "literals read better without `&`")]
    fn check(results: ToolResults, system: Value, messages: Value, expect: Value) {
        let chat = chat_messages(results, Some(&system), messages.as_array().expect("a list"));
        assert_eq!(Value::from(chat), expect);
    }

    #[test]
    fn system_texts_come_first_and_are_joined() {
        let messages = json!([{"role": "user", "content": "a"}, {"role": "system", "content": "c"}]);
        let system = json!([{"type": "text", "text": "b"}, {"type": "text", "text": "x-anthropic-billing-header: 1"}]);
        let expect = json!([{"role": "system", "content": "bc"}, {"role": "user", "content": "a"}]);
        check(ToolResults::Joined, system, messages, expect);
        check(ToolResults::Joined, json!(""), json!([]), json!([]));
    }

    #[test]
    fn a_result_of_a_tool_is_a_message_of_its_own() {
        let messages = json!([
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x"}]}]},
        ]);
        let call = json!({"role": "assistant", "tool_calls": [
            {"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
        ]});
        let joined = json!({"role": "tool", "tool_call_id": "t", "content": "x"});
        check(ToolResults::Joined, Value::Null, messages.clone(), json!([call.clone(), joined]));
        let printed = json!({"role": "tool", "tool_call_id": "", "content": "[{'type': 'text', 'text': 'x'}]"});
        check(ToolResults::Printed, Value::Null, messages, json!([call, printed]));
    }

    #[test]
    fn thoughts_and_images_keep_their_place() {
        let messages = json!([
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "h"}, {"type": "text", "text": "m"}]},
            {"role": "user", "content": [
                {"type": "text", "text": "see"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}},
            ]},
        ]);
        let expect = json!([
            {"role": "assistant", "reasoning": "h", "content": "m"},
            {"role": "user", "content": [
                {"type": "text", "text": "see"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
            ]},
        ]);
        check(ToolResults::Joined, Value::Null, messages, expect);
    }
}
