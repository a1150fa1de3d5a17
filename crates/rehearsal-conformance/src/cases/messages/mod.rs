//! `/v1/messages`, which counts as Anthropic's API does.

mod cache_fields;
mod counts;

use serde_json::{Value, json};

use crate::{
    call::{Call, overlaid},
    check::Check,
    raw::{Answer, NamedEvents},
    session::{Session, Stop},
};

pub(super) const CHECKS: [Check; 2] = [counts::CHECK, cache_fields::CHECK];

const PATH: &str = "/v1/messages";

/// Sends a small request; a server without the endpoint ends the case.
async fn message(s: &mut Session<'_>, over: Value) -> Result<Answer, Stop> {
    let messages = json!([{"role": "user", "content": s.prompt_text()}]);
    let body = json!({"model": s.facts().model, "messages": messages, "max_tokens": 6, "temperature": 0});
    let answer = s.ask(Call::post(PATH, overlaid(body, &over))).await?;
    match answer.status {
        404 | 405 | 501 => Err(Stop::Unimplemented(format!("no POST {PATH}: {}", answer.summary()))),
        _ => Ok(answer),
    }
}

/// The same, where only a JSON object under status 200 will do.
async fn whole(s: &mut Session<'_>, over: Value) -> Result<Value, Stop> {
    let answer = message(s, over).await?;
    let body = answer.json().ok().filter(|body| body.is_object() && answer.status == 200);
    body.ok_or_else(|| missed("message", "HTTP 200 with a JSON object", &answer))
}

/// The same streamed, where only named events under status 200 will do.
async fn streamed(s: &mut Session<'_>, over: Value) -> Result<NamedEvents, Stop> {
    let answer = message(s, overlaid(over, &json!({"stream": true}))).await?;
    let stream = NamedEvents::read(&answer.text());
    if answer.status != 200 || stream.events.is_empty() {
        return Err(missed("message stream", "HTTP 200 with named events", &answer));
    }
    Ok(stream)
}

fn missed(about: &str, expected: &str, answer: &Answer) -> Stop {
    Stop::Missed { about: about.into(), expected: expected.into(), seen: answer.summary() }
}

/// The usage of a stream's only `message_delta`.
fn usage_of_delta(stream: &NamedEvents) -> Option<&Value> {
    stream.of("message_delta").next_back().and_then(|event| event.get("usage"))
}
