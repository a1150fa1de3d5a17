//! R-01 … R-03: `/v1/responses`, which counts input and output under names of its own.

mod counts;
mod length_cap;
mod stream;

use serde_json::{Value, json};

use crate::{
    call::{Call, overlaid},
    check::Check,
    raw::Answer,
    session::{Session, Stop},
};

pub(super) const CHECKS: [Check; 3] = [counts::CHECK, stream::CHECK, length_cap::CHECK];

const PATH: &str = "/v1/responses";

/// Sends a small request; a server without the endpoint ends the case.
async fn respond(s: &mut Session<'_>, over: Value) -> Result<Answer, Stop> {
    let body = json!({"model": s.facts().model, "input": s.prompt_text(), "max_output_tokens": 6, "temperature": 0});
    let answer = s.ask(Call::post(PATH, overlaid(body, &over))).await?;
    match answer.status {
        404 | 405 | 501 => Err(Stop::Unimplemented(format!("no POST {PATH}: {}", answer.summary()))),
        _ => Ok(answer),
    }
}

/// The same, where only a JSON object under status 200 will do.
async fn whole(s: &mut Session<'_>, over: Value) -> Result<Value, Stop> {
    let answer = respond(s, over).await?;
    let body = answer.json().ok().filter(|body| body.is_object() && answer.status == 200);
    body.ok_or_else(|| Stop::Missed {
        about: "responses".into(),
        expected: "HTTP 200 with a JSON object".into(),
        seen: answer.summary(),
    })
}

/// Input, output and total tokens of a response; `None` unless all three are integers.
fn counts(response: &Value) -> Option<[u64; 3]> {
    let count = |key: &str| response.pointer(&format!("/usage/{key}"))?.as_u64();
    Some([count("input_tokens")?, count("output_tokens")?, count("total_tokens")?])
}

/// The text that a response holds, without reasoning.
fn text(response: &Value) -> String {
    let items = response.get("output").and_then(Value::as_array).into_iter().flatten();
    let parts = items.filter_map(|item| item.get("content")?.as_array()).flatten();
    let parts = parts.filter(|part| part.get("type").and_then(Value::as_str) == Some("output_text"));
    parts.filter_map(|part| part.get("text")?.as_str()).collect()
}
