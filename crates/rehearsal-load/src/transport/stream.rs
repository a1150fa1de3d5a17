//! Over any byte stream, with `hyper`'s HTTP/1 client: how a server in the same process is reached without a socket.

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, future::BoxFuture};
use http::{HeaderValue, Request, Uri, header::HOST};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{Exchange, Transport, TransportError, chain};

type Connecting<S> = BoxFuture<'static, io::Result<S>>;

/// HTTP/1.1 over the streams that a connector opens, one stream a request.
///
/// Nothing is spawned: the connection is driven by whoever waits for the response, so that on a paused clock no byte is
/// ever in flight outside the task that measures it.
pub struct StreamTransport<S> {
    connector: Box<dyn Fn() -> Connecting<S> + Send + Sync>,
}

impl<S> StreamTransport<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// A transport over what `connector` opens, for example one half of `tokio::io::duplex`.
    pub fn new<C, F>(connector: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        Self { connector: Box::new(move || connector().boxed()) }
    }
}

impl<S> fmt::Debug for StreamTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamTransport").finish_non_exhaustive()
    }
}

impl<S> Transport for StreamTransport<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        async move {
            let request = origin_form(request)?;
            let begun = Instant::now();
            let stream = (self.connector)().await.map_err(|error| TransportError::Connect(chain(&error)))?;
            let connect = Some(begun.elapsed());

            let no_response = |error: hyper::Error| TransportError::NoResponse(chain(&error));
            let (mut sender, connection) =
                http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.map_err(no_response)?;
            let mut connection = Driven { connection: Some(connection) };
            let mut responding = Box::pin(sender.send_request(request));
            let response = poll_fn(|cx| {
                connection.drive(cx);
                responding.as_mut().poll(cx)
            })
            .await
            .map_err(no_response)?;

            let (head, body) = response.into_parts();
            let body = DrivenBody { connection, body }.boxed();
            Ok(Exchange { status: head.status, headers: head.headers, body, connect, reused: Some(false) })
        }
        .boxed()
    }
}

/// `http://host/path?query` as HTTP/1.1 wants it on the request line: the path, with the host in its header.
fn origin_form(mut request: Request<Bytes>) -> Result<Request<Full<Bytes>>, TransportError> {
    let unusable = |what: &dyn fmt::Display| TransportError::Unusable(format!("uri `{}`: {what}", request.uri()));
    let host = match request.uri().authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).map_err(|error| unusable(&error))?,
        None => return Err(unusable(&"has no host")),
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let uri: Uri = path.parse().map_err(|error: http::uri::InvalidUri| unusable(&error))?;

    *request.uri_mut() = uri;
    if !request.headers().contains_key(HOST) {
        request.headers_mut().insert(HOST, host);
    }
    Ok(request.map(Full::new))
}

/// A connection that makes progress whenever its request or its body is polled.
struct Driven<S: AsyncRead + AsyncWrite + Unpin> {
    connection: Option<http1::Connection<TokioIo<S>, Full<Bytes>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Driven<S> {
    fn drive(&mut self, cx: &mut Context<'_>) {
        let Some(connection) = &mut self.connection else { return };
        // an error of the connection also reaches the response or the body, which report it
        if Pin::new(connection).poll(cx).is_ready() {
            self.connection = None;
        }
    }
}

struct DrivenBody<S: AsyncRead + AsyncWrite + Unpin> {
    connection: Driven<S>,
    body: Incoming,
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Stream for DrivenBody<S> {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            this.connection.drive(cx);
            match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(TransportError::Body(chain(&error))))),
                Poll::Ready(Some(Ok(frame))) => {
                    // trailers carry no token
                    if let Ok(bytes) = frame.into_data() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
            }
        }
    }
}
