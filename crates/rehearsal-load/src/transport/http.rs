//! Over the network, with `reqwest`.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};
use http::Request;
use reqwest::{Client, Proxy, redirect};

use super::{
    Exchange, Transport, TransportError, chain,
    connect_time::{ConnectTimeLayer, measured},
};

/// Whether requests share connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionMode {
    /// A new connection for every request, as the report's script does. The default.
    #[default]
    PerRequest,
    /// Connections are kept open and used again.
    Pooled,
}

/// HTTP over TCP and TLS. No redirects are followed, and no proxy is used unless one is named.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: Client,
}

impl HttpTransport {
    /// A transport with a connect time-out of ten seconds and no proxy.
    pub fn new(mode: ConnectionMode) -> Result<Self, TransportError> {
        Self::builder().connections(mode).build()
    }

    /// For a connect time-out or a proxy of your own.
    pub fn builder() -> HttpTransportBuilder {
        HttpTransportBuilder { mode: ConnectionMode::default(), connect_timeout: Duration::from_secs(10), proxy: None }
    }
}

/// Configures an [`HttpTransport`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct HttpTransportBuilder {
    mode: ConnectionMode,
    connect_timeout: Duration,
    proxy: Option<String>,
}

impl HttpTransportBuilder {
    /// New connections or shared ones.
    pub fn connections(mut self, mode: ConnectionMode) -> Self {
        self.mode = mode;
        self
    }

    /// How long DNS, TCP and TLS may take together.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sends everything through this proxy, `http://host:port`. Proxies of the environment are never used.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Builds the transport; fails on a proxy URL that is none, or where TLS has no root certificates.
    pub fn build(self) -> Result<HttpTransport, TransportError> {
        let unusable = |error: reqwest::Error| TransportError::Unusable(chain(&error));
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .connector_layer(ConnectTimeLayer);
        if let Some(url) = &self.proxy {
            builder = builder.proxy(Proxy::all(url).map_err(unusable)?);
        }
        if self.mode == ConnectionMode::PerRequest {
            builder = builder.pool_max_idle_per_host(0);
        }
        Ok(HttpTransport { client: builder.build().map_err(unusable)? })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        async move {
            let request =
                reqwest::Request::try_from(request).map_err(|error| TransportError::Unusable(chain(&error)))?;
            let (response, connect) = measured(self.client.execute(request)).await;
            let response = response.map_err(|error| before_headers(&error))?;

            let status = response.status();
            let headers = response.headers().clone();
            let body = response.bytes_stream().map_err(|error| TransportError::Body(chain(&error))).boxed();
            Ok(Exchange { status, headers, body, connect, reused: Some(connect.is_none()) })
        }
        .boxed()
    }
}

fn before_headers(error: &reqwest::Error) -> TransportError {
    if error.is_connect() {
        return TransportError::Connect(chain(error));
    }
    if error.is_builder() {
        return TransportError::Unusable(chain(error));
    }
    TransportError::NoResponse(chain(error))
}
