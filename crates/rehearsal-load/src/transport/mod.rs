//! How one HTTP exchange travels: one small trait and its three carriers.
//!
//! A transport moves bytes and says how the connection came about. It takes no time stamps of the exchange: those are
//! taken by [`run`](crate::run), above, so that all carriers are measured by the same code.

mod connect_time;
mod http;
mod scripted;
mod stream;

use std::{fmt, sync::Arc, time::Duration};

use ::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream::BoxStream};

pub use self::{
    http::{ConnectionMode, HttpTransport, HttpTransportBuilder},
    scripted::{Script, ScriptedTransport},
    stream::StreamTransport,
};

/// Carries one request to a server and its answer back.
///
/// Dropping the future, or the body of the [`Exchange`], abandons the request and closes what it used.
pub trait Transport: Send + Sync {
    /// Sends `request` and resolves as soon as the response's headers are there.
    ///
    /// The request's URI is absolute; a carrier that needs another form derives it.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        (**self).send(request)
    }
}

/// A response whose headers have arrived and whose body is still coming.
pub struct Exchange {
    /// The HTTP status.
    pub status: StatusCode,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The body as it arrives, in the pieces in which the carrier delivers it.
    pub body: BoxStream<'static, Result<Bytes, TransportError>>,
    /// How long DNS, TCP and TLS took for this request; `None` when no connection was opened or the carrier cannot tell.
    pub connect: Option<Duration>,
    /// Whether an open connection was used again; `None` when the carrier cannot tell.
    pub reused: Option<bool>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("connect", &self.connect)
            .field("reused", &self.reused)
            .finish_non_exhaustive()
    }
}

/// Why an exchange ended before its natural end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection could be opened: name unknown, port closed, TLS refused, or the connect time-out.
    #[error("cannot connect: {0}; check the address and that the server is up")]
    Connect(String),
    /// The connection was lost after it opened and before the response's headers arrived.
    #[error("connection lost before the response's headers: {0}")]
    NoResponse(String),
    /// The connection was lost inside the body.
    #[error("connection lost inside the response's body: {0}")]
    Body(String),
    /// The request or the carrier's configuration is not usable.
    #[error("request cannot be sent: {0}")]
    Unusable(String),
}

/// The whole chain of an error's causes on one line: `reqwest` and `hyper` keep the telling part at the end.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
