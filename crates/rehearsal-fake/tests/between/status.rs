//! Requests whose status changed.

use serde_json::{Value, json};

use super::ask::{CONTEXT, Flags, post, server};

const RELEASES: [&str; 4] = ["0.13.0", "0.19.1", "0.25.1", "0.32.0"];
const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

/// A valid request with some more fields.
fn with(path: &str, more: &Value) -> Value {
    let mut body = match path {
        CHAT => json!({"messages": [{"role": "user", "content": "a"}], "max_tokens": 2}),
        _ => json!({"prompt": "a", "max_tokens": 2}),
    };
    for (key, value) in more.as_object().expect("fields") {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn each_status_is_as_it_was_seen() {
    let six = json!({"stop": ["a1", "b1", "c1", "d1", "e1", "f1"]});
    let mut wrong = Vec::new();
    for (path, body, expected) in [
        (CHAT, json!([]), [500, 400, 400, 400]),
        (COMPLETIONS, Value::Null, [500, 400, 400, 400]),
        (CHAT, with(CHAT, &json!({"temperature": 2.5})), [200, 200, 400, 400]),
        (COMPLETIONS, with(COMPLETIONS, &json!({"temperature": 2.5})), [200, 200, 400, 400]),
        (CHAT, with(CHAT, &six), [200, 200, 200, 400]),
        (COMPLETIONS, with(COMPLETIONS, &six), [200, 200, 200, 400]),
        (CHAT, with(CHAT, &json!({"tools": []})), [200, 200, 400, 400]),
        (CHAT, with(CHAT, &json!({"max_completion_tokens": 0})), [200, 400, 400, 400]),
        (COMPLETIONS, with(COMPLETIONS, &json!({"max_tokens": null})), [500, 200, 200, 200]),
        // more than is left, but not more than the context: clamped by 0.32
        (COMPLETIONS, with(COMPLETIONS, &json!({"max_tokens": CONTEXT})), [400, 400, 400, 200]),
        (COMPLETIONS, with(COMPLETIONS, &json!({"prompt": [-1, 70]})), [500, 400, 400, 400]),
    ] {
        for (release, expected) in RELEASES.iter().zip(expected) {
            let (status, text) = post(&server(release, Flags::Plain), path, &body).await;
            if status != expected {
                wrong.push(format!("{release} {path} {body}: expected {expected}, got {status}: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
