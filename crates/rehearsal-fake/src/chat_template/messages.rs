//! The conversation as templates get it: after vLLM's `entrypoints/chat_utils.py` of 0.13.

use serde_json::{Map, Value, json};

use super::TemplateError;

/// How a template wants the content of messages (`--chat-template-content-format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentFormat {
    /// One string; the texts of several parts are joined by line feeds, images before them as placeholders, other parts left out.
    Text,
    /// A list of parts: `{"type": "text", "text": …}`, `{"type": "image"}`…
    Parts,
}

/// The messages with their content in one format and their tool calls' arguments as objects.
pub(super) fn normalized(
    messages: &Value,
    format: ContentFormat,
    image: Option<&str>,
) -> Result<Vec<Value>, TemplateError> {
    let messages = messages.as_array().ok_or_else(|| TemplateError::NotMessages { got: kind(messages) })?;
    messages
        .iter()
        .map(|message| {
            let message = message.as_object().ok_or_else(|| TemplateError::NotMessages { got: kind(message) })?;
            Ok(Value::Object(one(message, format, image)))
        })
        .collect()
}

fn one(message: &Map<String, Value>, format: ContentFormat, image: Option<&str>) -> Map<String, Value> {
    let mut message = message.clone();
    let parts = parts(message.get("content").unwrap_or(&Value::Null));
    let content = match format {
        ContentFormat::Parts => Value::Array(parts),
        ContentFormat::Text => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            Value::String(with_placeholders(texts.join("\n"), &parts, image))
        }
    };
    message.insert("content".to_owned(), content);
    if let Some(calls) = message.get_mut("tool_calls").and_then(Value::as_array_mut) {
        calls.iter_mut().for_each(parse_arguments);
    }
    message
}

/// The text behind as many placeholders as it lacks of its images (`_get_full_multimodal_text_prompt`).
fn with_placeholders(text: String, parts: &[Value], image: Option<&str>) -> String {
    let Some(image) = image else { return text };
    let images = parts.iter().filter(|part| part.get("type").is_some_and(|kind| kind == "image")).count();
    let missing = images.saturating_sub(text.matches(image).count());
    let mut lines = vec![image; missing];
    lines.push(&text);
    lines.join("\n")
}

/// The content as parts; what is neither string nor list nor null is one text.
fn parts(content: &Value) -> Vec<Value> {
    match content {
        Value::Null => Vec::new(),
        Value::String(text) => vec![json!({"type": "text", "text": text})],
        Value::Array(parts) => parts.iter().map(part).collect(),
        other => vec![json!({"type": "text", "text": other.to_string()})],
    }
}

fn part(part: &Value) -> Value {
    if let Some(text) = part.as_str().or_else(|| part.get("text")?.as_str()).or_else(|| part.get("refusal")?.as_str()) {
        return json!({"type": "text", "text": text});
    }
    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
    let modality = ["image", "video", "audio"].into_iter().find(|modality| kind.contains(modality));
    modality.map_or_else(|| part.clone(), |modality| json!({"type": modality}))
}

/// Templates print arguments as objects; clients send them as a string of JSON.
fn parse_arguments(call: &mut Value) {
    let Some(arguments) = call.pointer_mut("/function/arguments") else { return };
    let parsed = match arguments.as_str() {
        Some("") => Some(json!({})),
        Some(text) => serde_json::from_str(text).ok(),
        None => None,
    };
    if let Some(parsed) = parsed {
        *arguments = parsed;
    }
}

/// The last text of the last message: what `continue_final_message` continues.
pub(super) fn final_text(messages: &[Value]) -> Option<&str> {
    match messages.last()?.get("content")? {
        Value::String(text) => Some(text),
        Value::Array(parts) => parts.iter().rev().find_map(|part| part.get("text")?.as_str()),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "literals read better without `&`")]
    fn check(content: Value, text: &str, parts: Value) {
        let messages = json!([{"role": "user", "content": content}]);
        let as_text = normalized(&messages, ContentFormat::Text, None).expect("messages");
        let as_parts = normalized(&messages, ContentFormat::Parts, None).expect("messages");
        assert_eq!(as_text[0]["content"], text);
        assert_eq!(as_parts[0]["content"], parts);
    }

    #[test]
    fn content_takes_the_form_the_template_wants() {
        check(json!("a"), "a", json!([{"type": "text", "text": "a"}]));
        check(json!(null), "", json!([]));
        let image = json!([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "b"}]);
        check(image, "a\nb", json!([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]));
    }

    #[test]
    fn a_template_without_parts_gets_a_placeholder_an_image() {
        let image = json!({"type": "image_url", "image_url": {"url": "x"}});
        let content = json!([{"type": "text", "text": "a <i> b"}, image, image]);
        let messages = json!([{"role": "user", "content": content}]);
        let messages = normalized(&messages, ContentFormat::Text, Some("<i>")).expect("messages");
        assert_eq!(messages[0]["content"], "<i>\na <i> b");
    }

    #[test]
    fn arguments_of_tool_calls_become_objects() {
        let call =
            |arguments: Value| json!([{"role": "assistant", "tool_calls": [{"function": {"arguments": arguments}}]}]);
        for (sent, got) in [(json!("{\"a\":1}"), json!({"a": 1})), (json!(""), json!({})), (json!("{"), json!("{"))] {
            let messages = normalized(&call(sent), ContentFormat::Text, None).expect("messages");
            assert_eq!(messages[0]["tool_calls"][0]["function"]["arguments"], got);
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        let refused =
            |messages: Value| normalized(&messages, ContentFormat::Text, None).expect_err("no messages").to_string();
        assert_eq!(refused(json!({})), "`messages` must be a list of objects, got an object");
        assert_eq!(refused(json!(["hello"])), "`messages` must be a list of objects, got a string");
    }
}
