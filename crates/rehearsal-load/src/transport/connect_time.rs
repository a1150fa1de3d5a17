//! Measures how long a new connection takes, inside the connector, and hands it to the request that asked for it.
//!
//! `reqwest` does not say whether a response came over a new connection. Its connector runs inside the request's own
//! future, so a task-local slot set around that future receives the duration; an empty slot afterwards means reuse.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::Instant;
use tower::{Layer, Service};

tokio::task_local! {
    static CONNECT: Cell<Option<Duration>>;
}

/// Runs `future` with an empty slot and returns what the connector left in it.
pub(super) async fn measured<F: Future>(future: F) -> (F::Output, Option<Duration>) {
    CONNECT
        .scope(Cell::new(None), async {
            let output = future.await;
            (output, CONNECT.with(Cell::get))
        })
        .await
}

/// Wraps the connector of a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct ConnectTimeLayer;

impl<S> Layer<S> for ConnectTimeLayer {
    type Service = ConnectTime<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ConnectTime { inner }
    }
}

#[derive(Debug, Clone)]
pub(super) struct ConnectTime<S> {
    inner: S,
}

impl<S, R> Service<R> for ConnectTime<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.inner.call(request);
        Box::pin(async move {
            let begun = Instant::now();
            let connection = connecting.await;
            // outside a measured request (a connection that lost its race for the pool) there is no slot to fill
            let _ = CONNECT.try_with(|slot| slot.set(Some(begun.elapsed())));
            connection
        })
    }
}
