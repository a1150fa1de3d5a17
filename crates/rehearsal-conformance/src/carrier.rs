//! Sends a call to a target and collects the whole answer, within the target's limits of time and size. Nothing else in this crate waits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::Request;
use rehearsal_load::transport::TransportError;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{
    call::{Call, Key, Payload},
    raw::{Answer, BodyEnd},
    target::Target,
};

/// Nothing came back that has a status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// The server cannot be reached at all.
    #[error("{0}")]
    Unreachable(String),
    /// The server was reached and did not answer.
    #[error("{0}")]
    Silent(String),
}

/// Sends `call` and waits for the end of its answer.
pub(crate) async fn carry(target: &Target, call: &Call) -> Result<Answer, NoAnswer> {
    carry_until(target, call, |_| false).await
}

/// Lets a server settle before it is asked again.
pub(crate) async fn pause(time: Duration) {
    sleep_until(Instant::now() + time).await;
}

/// Sends `call` and closes the connection once there is `enough` of the body; an answer that ends before is whole.
pub(crate) async fn carry_until(
    target: &Target,
    call: &Call,
    enough: impl Fn(&[u8]) -> bool,
) -> Result<Answer, NoAnswer> {
    let deadline = Instant::now() + target.timeout;
    let request = request(target, call).map_err(|error| NoAnswer::Silent(error.to_string()))?;
    let exchange = match timeout_at(deadline, target.transport.send(request)).await {
        Ok(Ok(exchange)) => exchange,
        Ok(Err(error @ TransportError::Connect(_))) => return Err(NoAnswer::Unreachable(error.to_string())),
        Ok(Err(error)) => return Err(NoAnswer::Silent(error.to_string())),
        Err(_) => return Err(NoAnswer::Silent(format!("no response within {:?}", target.timeout))),
    };

    let headers = exchange.headers.iter();
    let mut answer = Answer {
        status: exchange.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: Bytes::new(),
        end: BodyEnd::Complete,
    };
    let mut pieces = exchange.body;
    let mut body = BytesMut::new();
    loop {
        match timeout_at(deadline, pieces.next()).await {
            Ok(None) => break,
            Ok(Some(Ok(piece))) => body.extend_from_slice(&piece),
            Ok(Some(Err(error))) => {
                answer.end = BodyEnd::Lost { error: error.to_string() };
                break;
            }
            Err(_) => {
                answer.end = BodyEnd::TimedOut;
                break;
            }
        }
        if target.body_limit < body.len() {
            answer.end = BodyEnd::TooLong;
            break;
        }
        if enough(&body) {
            answer.end = BodyEnd::HungUp;
            break;
        }
    }
    answer.body = body.freeze();
    Ok(answer)
}

fn request(target: &Target, call: &Call) -> Result<Request<Bytes>, http::Error> {
    let mut request = Request::builder().method(call.method.clone()).uri(format!("{}{}", target.base, call.path));
    let body = match &call.body {
        Payload::None => Bytes::new(),
        Payload::Json(value) => {
            request = request.header("content-type", "application/json");
            Bytes::from(value.to_string())
        }
        Payload::Raw { content_type, bytes } => {
            request = request.header("content-type", *content_type);
            bytes.clone()
        }
    };
    if let (Some(key), Key::OfTarget) = (&target.api_key, call.key) {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    request.body(body)
}
