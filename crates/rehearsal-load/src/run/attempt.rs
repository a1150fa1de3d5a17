//! One request from its start to its verdict: the bytes get their time stamps here, before anything looks at them.

use std::{future::poll_fn, task::Poll, time::Duration};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use http::Request;
use tokio::time::{Instant, timeout_at};

use super::limits::{Limits, later};
use crate::{
    client::{Begun, End, Expectation, Reading, RequestTimeline, ResponseReader},
    plan::LoadPlan,
    transport::{Transport, TransportError},
};

/// How long the end of the body is waited for after `[DONE]`, so that a connection can be used again and data after the
/// end is seen. It is in no figure: the request ended with `[DONE]`.
const GRACE_AFTER_DONE: Duration = Duration::from_millis(50);

/// One request to make.
#[derive(Debug)]
pub struct Attempt {
    /// What to send.
    pub request: Request<Bytes>,
    /// What a complete answer looks like.
    pub expectation: Expectation,
    /// Which request it is, and when it began.
    pub begun: Begun,
    /// The instant that all of its time stamps count from.
    pub origin: Instant,
    /// How long all of it may take.
    pub timeout: Duration,
    /// How long the body may be silent after its first byte.
    pub stall_timeout: Option<Duration>,
}

impl Attempt {
    /// A request of `plan`.
    #[must_use]
    pub fn of_plan(plan: &LoadPlan, request: Request<Bytes>, begun: Begun, origin: Instant) -> Self {
        Self {
            request,
            expectation: plan.expectation(),
            begun,
            origin,
            timeout: plan.timeout(),
            stall_timeout: plan.stall_timeout(),
        }
    }
}

/// Makes one request and reads its answer to the end.
pub async fn attempt(transport: &dyn Transport, attempt: Attempt) -> RequestTimeline {
    let Attempt { request, expectation, begun, origin, timeout, stall_timeout } = attempt;
    let deadline = later(origin, begun.started.saturating_add(timeout));
    let mut reader = ResponseReader::new(expectation, begun);

    let exchange = timeout_at(deadline, transport.send(request)).await;
    let at = origin.elapsed();
    let exchange = match exchange {
        Err(_) => return reader.finish(at, End::Timeout),
        Ok(Err(error)) => return reader.finish(at, End::Lost(error)),
        Ok(Ok(exchange)) => exchange,
    };
    reader.connection(exchange.connect, exchange.reused);
    reader.headers(at, exchange.status, &exchange.headers);

    let mut body = exchange.body;
    let mut limits = Limits::new(deadline);
    loop {
        let read = next_read(&mut body, &mut limits).await;
        let now = Instant::now();
        let at = now.duration_since(origin);
        let bytes = match read {
            Read::Bytes(bytes) => bytes,
            Read::End(end) => return reader.finish(at, end),
        };
        match reader.bytes(at, &bytes) {
            Reading::Open => {
                if let Some(stall) = stall_timeout {
                    limits.set_stall(later(now, stall));
                }
            }
            Reading::Complete => limits.shorten(now + GRACE_AFTER_DONE),
            Reading::Hopeless => return reader.finish(at, End::Clean),
        }
    }
}

enum Read {
    Bytes(Bytes),
    End(End),
}

async fn next_read(body: &mut BoxStream<'static, Result<Bytes, TransportError>>, limits: &mut Limits) -> Read {
    poll_fn(|cx| {
        match body.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => return Poll::Ready(Read::Bytes(bytes)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Read::End(End::Lost(error))),
            Poll::Ready(None) => return Poll::Ready(Read::End(End::Clean)),
            Poll::Pending => {}
        }
        limits.poll_passed(cx).map(Read::End)
    })
    .await
}
