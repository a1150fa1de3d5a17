//! Accepting connections and speaking HTTP/1.1 on them.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, extract::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::door::Door;
use crate::driver;

/// Before the next try when the system has no socket to give.
const RETRY: Duration = Duration::from_millis(10);

/// What every connection of a server has.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    pub(super) router: Router,
    /// True once no request is to be begun any more.
    pub(super) closing: watch::Receiver<bool>,
    /// Held by every task that still serves.
    #[expect(dead_code, reason = "its end is what is waited for")]
    pub(super) alive: mpsc::Sender<()>,
}

/// Who asks, for the access log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Serves network connections until the server closes, then those that are open until they are done.
pub(super) async fn network(door: Door, tls: Option<TlsAcceptor>, mut serving: Serving) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = door.accept() => match accepted {
                Ok((stream, peer)) => match tls.clone() {
                    None => drop(connections.spawn(serve(stream, peer, serving.clone()))),
                    Some(tls) => {
                        let serving = serving.clone();
                        connections.spawn(async move {
                            // a client that speaks no TLS is no error of the server
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, peer, serving).await;
                            }
                        });
                    }
                },
                Err(_) => driver::pause(RETRY).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = serving.closing.changed() => break,
        }
    }
    drop(door);
    while connections.join_next().await.is_some() {}
}

/// Serves connections in memory until the last connector is gone and its connections are closed.
pub(super) async fn memory(mut accepted: mpsc::UnboundedReceiver<DuplexStream>, mut serving: Serving) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = accepted.recv() => match stream {
                Some(stream) => drop(connections.spawn(serve(stream, None, serving.clone()))),
                None => break,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = serving.closing.changed() => break,
        }
    }
    drop(accepted);
    while connections.join_next().await.is_some() {}
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Option<SocketAddr>,
    mut serving: Serving,
) {
    let routes = TowerToHyperService::new(serving.router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(peer) = peer {
            request.extensions_mut().insert(Peer(peer));
        }
        routes.call(request)
    });
    // The routes write `date` themselves, from the server's own clock. Without `half_close`, a client that hangs up ends the connection at
    // once, and the request on it with it.
    let connection =
        http1::Builder::new().auto_date_header(false).half_close(false).serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // a client that goes away is no error of the server
    tokio::select! {
        _ = &mut connection => return,
        _ = serving.closing.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
