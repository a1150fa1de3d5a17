//! What a server says to a request that it does not take.

use axum::http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::{
    super::{edit::Edit, part::Part, scene::Scene, table::Row},
    remove, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "client-fault-500",
        "a client's fault is answered with 500",
        None,
        &[Edit::Head(|scene, head| {
            if scene.completes() && head.status == StatusCode::BAD_REQUEST {
                head.status = StatusCode::INTERNAL_SERVER_ERROR;
            }
        })],
    ),
    row(
        "broken-json-500",
        "a body that is no JSON is answered with 500",
        None,
        &[Edit::Head(|scene, head| {
            if scene.completes() && scene.asked.is_null() && head.status.is_client_error() {
                head.status = StatusCode::INTERNAL_SERVER_ERROR;
            }
        })],
    ),
    row(
        "unknown-model-400",
        "an unknown model is answered with 400",
        None,
        &[Edit::Head(|scene, head| {
            if scene.completes() && head.status == StatusCode::NOT_FOUND {
                head.status = StatusCode::BAD_REQUEST;
            }
        })],
    ),
    row(
        "refusal-with-200",
        "an error comes under status 200",
        None,
        &[Edit::Head(|scene, head| {
            if scene.completes() && head.status == StatusCode::BAD_REQUEST {
                head.status = StatusCode::OK;
            }
        })],
    ),
    row(
        "error-code-text",
        "`code` of an error is a text",
        None,
        &[Edit::Json(|_, value| {
            if let Some(code) = value["error"]["code"].as_u64() {
                value["error"]["code"] = code.to_string().into();
            }
        })],
    ),
    row(
        "error-bare",
        "an error is not wrapped in `error`",
        None,
        &[Edit::Json(|scene, value| {
            if scene.completes() && value["error"].is_object() {
                *value = value["error"].take();
            }
        })],
    ),
    row(
        "error-without-message",
        "an error has no message",
        None,
        &[Edit::Json(|_, value| {
            if let Some(error) = value.get_mut("error") {
                remove(error, "message");
            }
        })],
    ),
    row(
        "refusal-streamed",
        "a stream that is refused begins with 200 and has the error inside",
        None,
        &[
            Edit::Head(|scene, head| {
                if refuses_stream(scene) {
                    head.status = StatusCode::OK;
                    head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
                }
            }),
            Edit::Pieces(|scene, part, out| match part {
                Part::Event { data, .. } | Part::Body(data) if refuses_stream(scene) => {
                    out.extend([Part::Event { name: None, data }, Part::Done]);
                }
                // the body came as one piece of a stream, which has no event in it
                Part::Other(bytes) if refuses_stream(scene) => match serde_json::from_slice(&bytes) {
                    Ok(data) => out.extend([Part::Event { name: None, data }, Part::Done]),
                    Err(_) => out.push(Part::Other(bytes)),
                },
                other => out.push(other),
            }),
        ],
    ),
    row(
        "context-length-halved",
        "the refusal of a long prompt names half of the context length",
        Some("#33418, #42474"),
        &[Edit::Json(|_, value| {
            let Some(message) = value["error"]["message"].as_str() else { return };
            if message.contains("maximum context length") {
                let halved = message.split(' ').map(|word| match word.parse::<u64>() {
                    Ok(number) => (number / 2).to_string(),
                    Err(_) => word.to_owned(),
                });
                value["error"]["message"] = halved.collect::<Vec<_>>().join(" ").into();
            }
        })],
    ),
    row(
        "input-echoed",
        "an error quotes the whole input",
        None,
        &[Edit::Json(|scene, value| {
            if let Some(message) = value["error"]["message"].as_str() {
                value["error"]["message"] = format!("{message}, input: {}", scene.asked).into();
            }
        })],
    ),
    row(
        "wrong-type-taken",
        "a limit that is a text is ignored",
        None,
        &[Edit::Request(|_, body| {
            if body["max_tokens"].is_string() {
                remove(body, "max_tokens");
            }
        })],
    ),
    row(
        "range-unchecked",
        "a temperature below 0 is taken for 0",
        None,
        &[Edit::Request(|_, body| {
            if body["temperature"].as_f64().is_some_and(|temperature| temperature < 0.0) {
                body["temperature"] = json!(0);
            }
        })],
    ),
    row(
        "bias-unchecked",
        "logit_bias of a token that there is not is ignored",
        None,
        &[Edit::Request(|_, body| {
            if let Some(bias) = body.get_mut("logit_bias").and_then(Value::as_object_mut) {
                bias.retain(|id, _| id.parse::<u64>().is_ok_and(|id| id < 100_000));
            }
        })],
    ),
    row(
        "wrong-method-404",
        "a wrong method is answered with 404",
        None,
        &[Edit::Head(|_, head| {
            if head.status == StatusCode::METHOD_NOT_ALLOWED {
                head.status = StatusCode::NOT_FOUND;
            }
        })],
    ),
];

fn refuses_stream(scene: &Scene) -> bool {
    scene.completes() && scene.streams() && scene.status == StatusCode::BAD_REQUEST
}
