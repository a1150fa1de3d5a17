//! Requests, answers and changes in a few words.

use serde_json::Value;

use crate::exchange::{SeenResponse, SentRequest};

/// Members that every request has, or whose value says nothing.
const USUAL: [&str; 5] = ["model", "messages", "prompt", "seed", "stream"];

/// A prompt of more ids than this is the point of its request.
const LONG_PROMPT: usize = 64;

/// How much of a message or value is shown.
const SHOWN: usize = 160;

/// The kind of request, as differences are grouped by: `chat stream`, `/tokenize`.
pub(super) fn kind(request: &SentRequest) -> String {
    let name = match request.path.as_str() {
        "/v1/chat/completions" => "chat",
        "/v1/completions" => "completions",
        path => path.split('?').next().unwrap_or(path),
    };
    let streams = request.body.as_ref().and_then(|body| body.get("stream")).and_then(Value::as_bool) == Some(true);
    if streams { format!("{name} stream") } else { name.to_owned() }
}

/// `` `stop: "a", n: 2` ``: what is unusual about a request.
pub(super) fn request(request: &SentRequest) -> String {
    let headers = request.headers.iter().filter(|(name, _)| name != "authorization");
    let mut parts: Vec<String> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    match &request.body {
        Some(Value::Object(members)) => {
            parts.extend(members.iter().filter(|(name, value)| is_unusual(name, value)).map(member));
            if parts.is_empty() {
                parts.extend(members.iter().filter(|(name, _)| *name != "model").map(member));
            }
        }
        Some(other) => parts.push(format!("the body {}", cut(&other.to_string()))),
        None => parts.push(request.method.clone()),
    }
    if parts.is_empty() { "an empty body".to_owned() } else { format!("`{}`", parts.join(", ")) }
}

fn is_unusual(name: &str, value: &Value) -> bool {
    match name {
        "prompt" => value.as_array().is_some_and(|ids| LONG_PROMPT < ids.len()),
        "temperature" => !value.as_f64().is_some_and(|temperature| (0.0..=1.0).contains(&temperature)),
        "max_tokens" => !value.as_u64().is_some_and(|limit| 0 < limit && limit < 1_000),
        name => !USUAL.contains(&name),
    }
}

fn member((name, value): (&String, &Value)) -> String {
    match value {
        Value::Array(items) if name == "prompt" && LONG_PROMPT < items.len() => format!("prompt: {} ids", items.len()),
        value => format!("{name}: {}", cut(&value.to_string())),
    }
}

/// `` `stream_options: {}` ``.
pub(super) fn stream_options(request: &SentRequest) -> String {
    match request.body.as_ref().and_then(|body| body.get("stream_options")) {
        Some(options) => format!("`stream_options: {options}`"),
        None => "no `stream_options`".to_owned(),
    }
}

/// `answered`, or `400 "message"`: a status and what an error says.
pub(super) fn answer(response: &SeenResponse) -> String {
    match message(&response.body) {
        Some(message) => format!("{} {}", response.status, quoted(&message)),
        None if response.status == 200 => "answered".to_owned(),
        None => response.status.to_string(),
    }
}

/// The message of an error body.
pub(super) fn message(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let error = body.get("error").or_else(|| body.get("detail"))?;
    let message = error.get("message").unwrap_or(error);
    Some(message.as_str().map_or_else(|| message.to_string(), ordered))
}

/// `[{"value": Number(0), "min": Number(1)}]` → `[{"min": Number(1), "value": Number(0)}]`: the Rust frontend writes a broken rule's
/// parameters in another order each time.
fn ordered(message: &str) -> String {
    let parts = message.split_once("[{").and_then(|(head, rest)| Some((head, rest.split_once("}]")?)));
    let Some((head, (parameters, tail))) = parts.filter(|(head, _)| head.contains("Validation error")) else {
        return message.to_owned();
    };
    let mut parameters: Vec<&str> = parameters.split(", ").collect();
    parameters.sort_unstable();
    format!("{head}[{{{}}}]{tail}", parameters.join(", "))
}

/// What changed, and from what to what, as it is told.
pub(super) fn change(name: &str, before: String, after: String) -> (String, String, String) {
    if name == "message" {
        let open = before.trim_end_matches('"');
        return match after.strip_prefix(open).map(|added| added.trim_end_matches('"')).filter(|_| 1 < open.len()) {
            Some(added) if !added.is_empty() => (
                "messages".to_owned(),
                "the text alone".to_owned(),
                format!("the same and \"{}\"", without_values(added)),
            ),
            _ => ("message".to_owned(), before, after),
        };
    }
    let is_key = !name.contains(' ') && name != "body" && name != "error";
    (if is_key { format!("`{name}`") } else { name.to_owned() }, before, after)
}

/// ` (parameter=n, value=0)` → ` (parameter=…, value=…)`.
fn without_values(text: &str) -> String {
    let mut said = String::new();
    for piece in text.split_inclusive(['=', ',', ')']) {
        let end = piece.chars().last().filter(|end| ",)".contains(*end));
        match end {
            Some(end) if said.ends_with('=') => said.extend(['…', end]),
            _ => said.push_str(piece),
        }
    }
    said
}

/// On one line, between quotation marks, and not longer than a reader wants.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", cut(text))
}

fn cut(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_unusual_about_a_request_is_told() {
        let said = |body: Value| {
            request(&SentRequest {
                method: "POST".into(),
                path: "/v1/completions".into(),
                headers: vec![],
                body: Some(body),
            })
        };
        assert_eq!(
            said(json!({"model": "m", "prompt": [1], "temperature": 2.5, "max_tokens": 1})),
            "`temperature: 2.5`"
        );
        assert_eq!(
            said(json!({"prompt": vec![7; 4092], "max_tokens": 5, "ignore_eos": true})),
            "`prompt: 4092 ids, ignore_eos: true`"
        );
        assert_eq!(said(json!({"model": "m", "prompt": [1], "max_tokens": null})), "`max_tokens: null`");
        assert_eq!(said(json!([])), "`the body []`");
    }

    /// Both are recorded from 0.32.0's Rust frontend, for the same request.
    #[test]
    fn the_parameters_of_a_rule_have_no_order() {
        let one = r#"n: Validation error: range [{"max": Number(10), "value": Number(0), "min": Number(1)}]"#;
        let other = r#"n: Validation error: range [{"value": Number(0), "max": Number(10), "min": Number(1)}]"#;
        assert_eq!(ordered(one), ordered(other));
        assert_eq!(ordered("stop [{b, a}]"), "stop [{b, a}]");
    }

    #[test]
    fn an_addition_to_a_message_is_one_change_whatever_its_values() {
        let change = |after: &str| change("message", "\"n must be 1.\"".to_owned(), after.to_owned());
        assert_eq!(change("\"n must be 1. (parameter=n, value=2)\"").2, "the same and \" (parameter=…, value=…)\"");
        assert_eq!(change("\"no.\"").2, "\"no.\"");
    }
}
