//! Parts of a message's content: `openai`'s types are validated only when they are read, and an error then is worded otherwise.

use serde_json::Value;

use super::python::{python_type, repr};

/// The version of pydantic's manual that its messages link to, as recorded.
const MANUAL: &str = "2.14";

/// A type of part: a key with a value, and the `type` that goes with it.
struct Part {
    class: &'static str,
    key: &'static str,
    /// Keys that the value needs when it is an object; a string is wanted where there are none.
    inner: Option<&'static [&'static str]>,
    kind: &'static str,
}

const TEXT: Part = Part { class: "ChatCompletionContentPartTextParam", key: "text", inner: None, kind: "text" };
const REFUSAL: Part =
    Part { class: "ChatCompletionContentPartRefusalParam", key: "refusal", inner: None, kind: "refusal" };
const USER: [Part; 4] = [
    TEXT,
    Part { class: "ChatCompletionContentPartImageParam", key: "image_url", inner: Some(&["url"]), kind: "image_url" },
    Part {
        class: "ChatCompletionContentPartInputAudioParam",
        key: "input_audio",
        inner: Some(&["data", "format"]),
        kind: "input_audio",
    },
    Part { class: "File", key: "file", inner: Some(&[]), kind: "file" },
];

/// What pydantic says when it reads the parts of a message of which vLLM's own type of message knows none.
pub(super) fn unreadable(message: &Value) -> Option<String> {
    let parts = message.get("content")?.as_array()?;
    let first = parts.first()?;
    if parts.iter().any(is_known) {
        return None;
    }
    let types: &[Part] = match message.get("role").and_then(Value::as_str)? {
        "user" => &USER,
        "system" | "developer" => &[TEXT],
        "assistant" => &[TEXT, REFUSAL],
        "tool" if message.get("tool_call_id").is_some_and(Value::is_string) => &[TEXT],
        _ => return None,
    };
    let complaints: Vec<Complaint> = types.iter().flat_map(|part| part.complaints(first, 1 < types.len())).collect();
    let plural = if complaints.len() == 1 { "" } else { "s" };
    let lines: String = complaints.iter().map(|complaint| ["\n", &complaint.text()].concat()).collect();
    Some(format!("{} validation error{plural} for ValidatorIterator{lines}", complaints.len()))
}

/// Whether a part has a field that one of vLLM's types of parts takes.
fn is_known(part: &Value) -> bool {
    let string = |key: &str| part.get(key).is_some_and(Value::is_string);
    let object = |key: &str, inner: &str| part.get(key).is_some_and(|value| value.get(inner).is_some());
    let is = |kind: &str| part.get("type").is_some_and(|value| value == kind);
    let simple = ["image_url", "audio_url", "video_url", "uuid"].iter().any(|key| string(key));
    let named = ["image_url", "audio_url", "video_url"].iter().any(|key| is(key) && object(key, "url"));
    let embeds = ["image_embeds", "audio_embeds"].iter().any(|key| is(key) && part.get(*key).is_some());
    let audio = is("input_audio") && object("input_audio", "data") && object("input_audio", "format");
    let file = is("file") && part.get("file").is_some_and(Value::is_object);
    let texts = ["text", "refusal", "thinking"].iter().any(|key| is(key) && string(key));
    simple || named || embeds || audio || file || texts
}

/// One line of pydantic's report.
struct Complaint {
    path: String,
    kind: &'static str,
    message: String,
    input: Value,
}

impl Part {
    fn complaints(&self, part: &Value, in_union: bool) -> Vec<Complaint> {
        let base = if in_union { format!("0.{}", self.class) } else { "0".to_owned() };
        let no_object = |path: String, input: &Value| Complaint {
            path,
            kind: "dict_type",
            message: "Input should be a valid dictionary".to_owned(),
            input: input.clone(),
        };
        let missing = |path: String, input: &Value| Complaint {
            path,
            kind: "missing",
            message: "Field required".to_owned(),
            input: input.clone(),
        };
        if !part.is_object() {
            return vec![no_object(base, part)];
        }
        let Self { key, kind, .. } = self;
        let mut all = Vec::new();
        match (part.get(*key), self.inner) {
            (None, _) => all.push(missing(format!("{base}.{key}"), part)),
            (Some(Value::String(_)), None) => {}
            (Some(other), None) => all.push(Complaint {
                path: format!("{base}.{key}"),
                kind: "string_type",
                message: "Input should be a valid string".to_owned(),
                input: other.clone(),
            }),
            (Some(object @ Value::Object(_)), Some(inner)) => all.extend(
                inner
                    .iter()
                    .filter(|inner| object.get(**inner).is_none())
                    .map(|inner| missing(format!("{base}.{key}.{inner}"), object)),
            ),
            (Some(other), Some(_)) => all.push(no_object(format!("{base}.{key}"), other)),
        }
        match part.get("type") {
            None => all.push(missing(format!("{base}.type"), part)),
            Some(value) if value == kind => {}
            Some(other) => all.push(Complaint {
                path: format!("{base}.type"),
                kind: "literal_error",
                message: format!("Input should be '{kind}'"),
                input: other.clone(),
            }),
        }
        all
    }
}

impl Complaint {
    fn text(&self) -> String {
        format!("{}\n{}", self.path, described(self.kind, &self.message, &self.input))
    }
}

/// What `str(ValidationError)` says below the path: the message, the input and a link.
pub(super) fn described(kind: &str, message: &str, input: &Value) -> String {
    let (value, of) = (shortened(&repr(input)), python_type(input));
    format!(
        "  {message} [type={kind}, input_value={value}, input_type={of}]\n    For further information visit \
         https://errors.pydantic.dev/{MANUAL}/v/{kind}"
    )
}

/// At most 50 bytes: the first 25 and the last 24 of more, whole characters (`pydantic-core`, `truncate_safe_repr`).
fn shortened(text: &str) -> String {
    if text.len() <= 50 {
        return text.to_owned();
    }
    let head = (0..=25).rev().find_map(|end| text.get(..end)).unwrap_or_default();
    let tail = (text.len() - 24..text.len()).find_map(|start| text.get(start..)).unwrap_or_default();
    [head, "...", tail].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(message: &Value, expect: Option<&str>) {
        let said = unreadable(message);
        assert_eq!(said.as_deref().map(|said| said.lines().take(3).collect::<Vec<_>>().join("|")).as_deref(), expect);
    }

    /// The texts and the choices are those of vLLM 0.13.0 itself.
    #[test]
    fn a_list_without_a_known_part_is_read_as_the_role_wants_it() {
        let parts = |role: &str, parts: Value| json!({"role": role, "content": parts});
        check(&parts("user", json!([{"type": "text", "text": "a"}, {"type": "zzz"}])), None);
        check(&parts("user", json!([{"image_url": "x"}])), None);
        check(&parts("robot", json!([{"type": "nope"}])), None);
        check(
            &parts("system", json!([{"type": "nope", "text": "x"}])),
            Some(
                "1 validation error for ValidatorIterator|0.type|  Input should be 'text' [type=literal_error, input_value='nope', \
                 input_type=str]",
            ),
        );
        check(
            &parts("user", json!([{"type": "input_audio", "input_audio": {"data": "x"}}])),
            Some(
                "7 validation errors for ValidatorIterator|0.ChatCompletionContentPartTextParam.text|  Field required [type=missing, \
                 input_value={'type': 'input_audio', '...t_audio': {'data': 'x'}}, input_type=dict]",
            ),
        );
        check(
            &parts("user", json!(["hello"])),
            Some(
                "4 validation errors for ValidatorIterator|0.ChatCompletionContentPartTextParam|  Input should be a valid dictionary \
                 [type=dict_type, input_value='hello', input_type=str]",
            ),
        );
    }
}
