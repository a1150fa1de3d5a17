//! What an answer may look like.

use serde_json::Value;

/// Keys of which an answer has at least one: of errors, of answers of each route.
const KNOWN: [&str; 16] = [
    "error",
    "detail",
    "choices",
    "object",
    "id",
    "type",
    "count",
    "tokens",
    "prompt",
    "data",
    "input_tokens",
    "prompt_token_ids",
    "token_ids",
    "results",
    "engine_prompts",
    "request_id",
];

/// What is wrong with an answer, if anything is.
pub(crate) fn wrong(status: u16, kind: &str, body: &[u8]) -> Option<String> {
    let Ok(text) = std::str::from_utf8(body) else { return Some("the body is no UTF-8".to_owned()) };
    if kind.starts_with("text/event-stream") {
        return text.split("\n\n").filter(|event| !event.is_empty()).find_map(wrong_event);
    }
    if text.is_empty() {
        // the Rust frontend's 404 and 405, and what has nothing to say
        return (!matches!(status, 200 | 204 | 404 | 405 | 503)).then(|| format!("{status} without a body"));
    }
    if kind.starts_with("text/plain") {
        return (status < 400).then(|| format!("{status} as plain text"));
    }
    match serde_json::from_str::<Value>(text) {
        Err(error) => Some(format!("{status} is no JSON: {error}")),
        Ok(Value::Object(fields)) if KNOWN.iter().any(|key| fields.contains_key(*key)) => well_formed(status, &fields),
        // rendered prompts come as a list
        Ok(Value::Array(_)) if status == 200 => None,
        Ok(_) => Some(format!("{status} has no key of an answer")),
    }
}

/// An error says something, and an answer's usage adds up.
fn well_formed(status: u16, fields: &serde_json::Map<String, Value>) -> Option<String> {
    let count = |key: &str| fields.get("usage").and_then(|usage| usage[key].as_u64());
    if let (Some(prompt), Some(completion), Some(total)) =
        (count("prompt_tokens"), count("completion_tokens"), count("total_tokens"))
        && prompt + completion != total
    {
        return Some(format!("the usage does not add up: {prompt} + {completion} is not {total}"));
    }
    let says = fields.contains_key("error") || fields.contains_key("detail");
    (400 <= status && !says).then(|| format!("{status} without an error"))
}

fn wrong_event(event: &str) -> Option<String> {
    let mut data = event.lines().filter(|line| !line.starts_with("event: ") && !line.starts_with(':'));
    data.find_map(|line| {
        let Some(data) = line.strip_prefix("data: ") else { return Some(format!("a line without data: {line}")) };
        (data != "[DONE]" && serde_json::from_str::<Value>(data).is_err())
            .then(|| format!("an event that is no JSON: {data}"))
    })
}
