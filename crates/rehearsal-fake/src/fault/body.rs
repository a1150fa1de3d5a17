//! What a fault does to an answer on its way out.

use std::{collections::VecDeque, io, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    http::header::{CONTENT_LENGTH, CONTENT_TYPE},
    response::Response,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{Fault, lie::Liar};
use crate::driver;

/// The answer with the fault in it.
pub(crate) async fn spoil(response: Response, fault: Fault) -> Response {
    if fault == (Fault::Stall { after_events: 0 }) {
        // not even the head leaves; the connection stays open until the client goes away
        std::future::pending::<()>().await;
    }
    let (mut head, body) = response.into_parts();
    let is_stream =
        head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    head.headers.remove(CONTENT_LENGTH);
    let spoiled = Spoiled {
        inner: Some(body.into_data_stream()),
        is_stream,
        liar: match &fault {
            Fault::WrongUsage(lie) => Some(Liar::new(*lie)),
            _ => None,
        },
        fault,
        seen: 0,
        ready: VecDeque::new(),
    };
    let body = stream::unfold(spoiled, async |mut spoiled| spoiled.next().await.map(|bytes| (bytes, spoiled)));
    Response::from_parts(head, Body::from_stream(body))
}

/// A body that goes wrong; one chunk of the original is one event.
struct Spoiled {
    /// `None` once nothing more of the original is wanted, which aborts its request.
    inner: Option<BodyDataStream>,
    is_stream: bool,
    liar: Option<Liar>,
    fault: Fault,
    /// Events of the original so far.
    seen: u32,
    ready: VecDeque<Bytes>,
}

impl Spoiled {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(Ok(bytes));
            }
            match &self.fault {
                Fault::Stall { after_events } if *after_events <= self.seen => std::future::pending().await,
                Fault::Cut { after_events } if *after_events <= self.seen && self.is_stream => {
                    drop(self.inner.take()?);
                    // what was sent before gets out first: an error makes hyper drop what it holds
                    tokio::task::yield_now().await;
                    return Some(Err(cut()));
                }
                Fault::InBandError { after_events, message, status }
                    if *after_events <= self.seen && self.inner.is_some() =>
                {
                    let error = json!({"error": {
                        "message": message, "type": "Internal Server Error", "param": null, "code": status.as_u16(),
                    }});
                    self.ready.extend([event(&error.to_string()), event("[DONE]")]);
                    self.inner = None;
                    continue;
                }
                _ => {}
            }
            let bytes = self.inner.as_mut()?.next().await?.ok()?;
            self.pass(bytes).await;
        }
    }

    /// Puts what becomes of a piece of the original on its way.
    async fn pass(&mut self, bytes: Bytes) {
        let index = self.seen;
        self.seen += 1;
        match &self.fault {
            Fault::Slow { delay } => pause(*delay).await,
            Fault::Malformed { event } if *event == index || !self.is_stream => {
                return self.ready.push_back(half(&bytes, self.is_stream));
            }
            // of a plain answer half is sent
            Fault::Cut { .. } if !self.is_stream => {
                (self.is_stream, self.seen) = (true, u32::MAX);
                return self.ready.push_back(half(&bytes, false));
            }
            _ => {}
        }
        match &mut self.liar {
            Some(liar) => liar.pass(&bytes, self.is_stream, &mut self.ready),
            None => self.ready.push_back(bytes),
        }
    }
}

async fn pause(delay: Duration) {
    driver::pause(delay).await;
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "a fault rule cut this answer")
}

/// An event with this payload.
pub(super) fn event(data: &str) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

/// The first half of a body, or an event with the first half of its payload.
fn half(bytes: &Bytes, is_event: bool) -> Bytes {
    let whole = bytes.strip_suffix(b"\n\n").filter(|_| is_event).unwrap_or(bytes);
    let mut half = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
    if is_event {
        half.extend_from_slice(b"\n\n");
    }
    half.into()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::fault::UsageLie;

    const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":1,"total_tokens":3,"completion_tokens":2}}"#;

    /// The events that leave; an answer that is cut ends with `cut`.
    async fn events(fault: Fault) -> Vec<String> {
        let original =
            [r#"{"choices":[{"finish_reason":null}]}"#, r#"{"choices":[{"finish_reason":"length"}]}"#, USAGE, "[DONE]"];
        let original = original.map(|data| Ok::<_, io::Error>(event(data)));
        let mut response = Response::new(Body::from_stream(stream::iter(original)));
        response.headers_mut().insert(CONTENT_TYPE, "text/event-stream".parse().unwrap());
        let body = spoil(response, fault).await.into_body().into_data_stream();
        let text = |bytes: Result<Bytes, _>| match bytes {
            Ok(bytes) => String::from_utf8(bytes.to_vec()).unwrap().trim_start_matches("data: ").trim_end().to_owned(),
            Err(_) => "cut".to_owned(),
        };
        body.map(text).collect().await
    }

    #[tokio::test]
    async fn a_cut_answer_breaks_off() {
        let events = events(Fault::Cut { after_events: 1 }).await;
        assert_eq!(events.len(), 2);
        assert_eq!(events[1], "cut");
    }

    #[tokio::test]
    async fn an_error_in_the_stream_is_followed_by_done_alone() {
        let fault =
            Fault::InBandError { after_events: 1, message: "gone".into(), status: StatusCode::INTERNAL_SERVER_ERROR };
        let events = events(fault).await;
        assert_eq!(
            events[1..],
            [r#"{"error":{"message":"gone","type":"Internal Server Error","param":null,"code":500}}"#, "[DONE]"]
        );
    }

    #[tokio::test]
    async fn a_malformed_event_is_no_json_and_the_others_are_whole() {
        let events = events(Fault::Malformed { event: 1 }).await;
        let json: Vec<bool> =
            events.iter().map(|event| serde_json::from_str::<serde_json::Value>(event).is_ok()).collect();
        assert_eq!(json, [true, false, true, false]);
        assert_eq!(events[3], "[DONE]");
    }

    #[tokio::test]
    async fn usage_lies_as_told() {
        let lie = |lie| async move { events(Fault::WrongUsage(lie)).await };
        let off = lie(UsageLie::CompletionOff(-1)).await;
        assert_eq!(off[2], r#"{"choices":[],"usage":{"prompt_tokens":1,"total_tokens":2,"completion_tokens":1}}"#);
        let off = lie(UsageLie::TotalOff(4)).await;
        assert_eq!(off[2], r#"{"choices":[],"usage":{"prompt_tokens":1,"total_tokens":7,"completion_tokens":2}}"#);
        assert_eq!(lie(UsageLie::Missing).await.len(), 3);
        let twice = lie(UsageLie::Twice).await;
        assert_eq!(twice[2..], [USAGE, USAGE, "[DONE]"]);
        let moved = lie(UsageLie::OnLastChoice).await;
        assert_eq!(moved.len(), 3);
        assert!(moved[1].contains(r#""finish_reason":"length""#) && moved[1].contains(r#""completion_tokens":2"#));
        assert!(lie(UsageLie::Unasked).await[0].contains("usage"));
    }
}
