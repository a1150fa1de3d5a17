//! Server-sent events: the body of a stream, one HTTP chunk an event.

use std::{collections::VecDeque, convert::Infallible, future::Future};

use axum::{
    body::Body,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::Response,
};
use bytes::Bytes;
use serde_json::Value;

use super::{
    context::{Context, InFlight},
    error::ApiError,
    python::dumps,
};
use crate::version::{HeaderStyle, Wire};

/// What a stream says, in order; implemented once an endpoint.
pub(super) trait Events: Send {
    /// Waits for something to happen and puts its events into `out`; `false` after the last.
    fn next(&mut self, context: &Context, out: &mut Outbox) -> impl Future<Output = bool> + Send;
}

/// Events on their way out.
#[derive(Debug, Default)]
pub(super) struct Outbox(VecDeque<Bytes>);

impl Outbox {
    /// One event with a JSON object.
    pub(super) fn event(&mut self, value: &Value) {
        self.data(&value.to_string());
    }

    /// One event with a name and a JSON object.
    pub(super) fn named(&mut self, name: &str, value: &Value) {
        self.0.push_back(Bytes::from(format!("event: {name}\ndata: {value}\n\n")));
    }

    /// The end of every stream.
    pub(super) fn done(&mut self) {
        self.data("[DONE]");
    }

    /// An error after the stream has begun; the Python frontend writes it with `json.dumps`.
    pub(super) fn error(&mut self, wire: &Wire, error: &ApiError) {
        if let Some(object) = error.json(&wire.features) {
            match wire.features.headers {
                HeaderStyle::Uvicorn => self.data(&dumps(&object)),
                HeaderStyle::Hyper => self.event(&object),
            }
        }
    }

    /// A line that no client may take for an event.
    fn comment(&mut self, text: &str) {
        self.0.push_back(Bytes::from(format!(": {text}\n\n")));
    }

    fn data(&mut self, data: &str) {
        self.0.push_back(Bytes::from(format!("data: {data}\n\n")));
    }
}

/// Events with a comment after each silence of `--sse-keep-alive-interval` (`entrypoints/serve/utils/sse_keep_alive.py`).
#[derive(Debug)]
pub(super) struct KeptAlive<E>(pub(super) E);

impl<E: Events> Events for KeptAlive<E> {
    async fn next(&mut self, context: &Context, out: &mut Outbox) -> bool {
        let Some(interval) = context.app.frontend.sse_keep_alive_interval else {
            return self.0.next(context, out).await;
        };
        // what `next` of a chat or completion has not waited for to the end is lost with no token: it waits for one thing alone
        let open = context.app.clock.within(interval, self.0.next(context, out)).await;
        if open.is_none() {
            out.comment("keep-alive");
        }
        open.unwrap_or(true)
    }
}

/// The answer whose body is these events. Dropping the body drops `events`, and with them the request.
pub(super) fn stream_response(
    context: std::sync::Arc<Context>,
    events: impl Events + 'static,
    in_flight: InFlight,
) -> Response {
    let content_type = match context.features().headers {
        HeaderStyle::Uvicorn => "text/event-stream; charset=utf-8",
        HeaderStyle::Hyper => "text/event-stream",
    };
    let quiet = context.features().headers == HeaderStyle::Hyper;
    let state = (context, events, Outbox::default(), true, in_flight);
    let body = futures_util::stream::unfold(state, async |(context, mut events, mut outbox, mut open, in_flight)| {
        while outbox.0.is_empty() && open {
            open = events.next(&context, &mut outbox).await;
        }
        let event = outbox.0.pop_front()?;
        Some((Ok::<_, Infallible>(event), (context, events, outbox, open, in_flight)))
    });
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if quiet {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}
