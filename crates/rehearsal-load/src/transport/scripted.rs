//! From a script: bytes at stated instants of the tokio clock. On a paused clock a test knows every time stamp exactly.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use tokio::time::{Instant, sleep_until};

use super::{Exchange, Transport, TransportError};

/// What a scripted server answers to one request, and when, counted from the request.
#[derive(Debug, Clone)]
#[must_use = "a script does nothing until a `ScriptedTransport` plays it"]
pub struct Script {
    connect: Result<Option<Duration>, TransportError>,
    headers_at: Duration,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<(Duration, Result<Bytes, TransportError>)>,
    end: Option<Duration>,
}

impl Script {
    /// A response with this status and content type, whose headers come at `headers_at`.
    ///
    /// # Panics
    /// On a status outside 100–999 or a content type that is no header value.
    pub fn new(headers_at: Duration, status: u16, content_type: &str) -> Self {
        let status = StatusCode::from_u16(status).expect("a script states a valid HTTP status");
        let script =
            Self { connect: Ok(None), headers_at, status, headers: HeaderMap::new(), body: Vec::new(), end: None };
        script.header("content-type", content_type)
    }

    /// A stream of server-sent events whose headers come at `headers_at`.
    pub fn event_stream(headers_at: Duration) -> Self {
        Self::new(headers_at, 200, "text/event-stream; charset=utf-8")
    }

    /// A whole JSON answer at one instant, as a server sends it that does not stream.
    pub fn json_at(at: Duration, status: u16, body: &str) -> Self {
        Self::new(at, status, "application/json").bytes(at, body.as_bytes()).end(at)
    }

    /// No connection at all.
    pub fn refused() -> Self {
        let mut script = Self::new(Duration::ZERO, 200, "text/plain");
        script.connect = Err(TransportError::Connect("connection refused by the script".into()));
        script
    }

    /// Adds or replaces a header.
    ///
    /// # Panics
    /// On a name or a value that HTTP does not allow.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a script states valid header names");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a script states valid header values"));
        self
    }

    /// Says that opening the connection took this long; the carrier reports it and waits for it before the rest.
    pub fn connect(mut self, took: Duration) -> Self {
        self.connect = Ok(Some(took));
        self
    }

    /// One read of the body: these bytes at this instant.
    pub fn bytes(mut self, at: Duration, bytes: impl AsRef<[u8]>) -> Self {
        self.body.push((at, Ok(Bytes::copy_from_slice(bytes.as_ref()))));
        self
    }

    /// The clean end of the body.
    pub fn end(mut self, at: Duration) -> Self {
        self.end = Some(at);
        self
    }

    /// The connection is lost at this instant, inside the body.
    pub fn reset(mut self, at: Duration) -> Self {
        self.body.push((at, Err(TransportError::Body("connection reset by the script".into()))));
        self.end(at)
    }
}

/// Plays scripts: the first request gets the first one, and so on; the last one repeats. A body without an
/// [`end`](Script::end) stays open for ever.
#[derive(Debug)]
pub struct ScriptedTransport {
    scripts: Vec<Script>,
    served: AtomicUsize,
    received: Mutex<Vec<Request<Bytes>>>,
}

impl ScriptedTransport {
    /// Plays `scripts` in order.
    ///
    /// # Panics
    /// Without any script.
    #[must_use]
    pub fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts: Vec<Script> = scripts.into_iter().collect();
        assert!(!scripts.is_empty(), "a scripted transport needs at least one script");
        Self { scripts, served: AtomicUsize::new(0), received: Mutex::new(Vec::new()) }
    }

    /// Plays the same script for every request.
    #[must_use]
    pub fn repeat(script: Script) -> Self {
        Self::new([script])
    }

    /// The requests so far, in order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Request<Bytes>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for ScriptedTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let turn = self.served.fetch_add(1, Ordering::Relaxed).min(self.scripts.len() - 1);
        let script = self.scripts[turn].clone();
        async move {
            let connect = script.connect?;
            let begun = Instant::now() + connect.unwrap_or_default();
            sleep_until(begun + script.headers_at).await;

            let end = script.end;
            let reads = stream::iter(script.body).then(move |(at, read)| async move {
                sleep_until(begun + at).await;
                read
            });
            let tail = stream::once(async move {
                match end {
                    Some(at) => sleep_until(begun + at).await,
                    None => std::future::pending().await,
                }
            });
            let body = reads.chain(tail.filter_map(|()| std::future::ready(None))).boxed();
            Ok(Exchange {
                status: script.status,
                headers: script.headers,
                body,
                connect,
                reused: Some(connect.is_none()),
            })
        }
        .boxed()
    }
}
