//! Accepting connections and speaking HTTP/1.1 on them.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    net::TcpListener,
    sync::mpsc,
    task::JoinSet,
};

use crate::driver;

/// Before the next try when the system has no socket to give.
const RETRY: Duration = Duration::from_millis(10);

/// Serves TCP connections until it is aborted, and its connections with it.
pub(super) async fn tcp(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // each event leaves at once, as it does from vLLM
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream, router.clone()));
                }
                Err(_) => driver::pause(RETRY).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Serves connections in memory until the last connector is gone and its connections are closed.
pub(super) async fn memory(mut accepted: mpsc::UnboundedReceiver<DuplexStream>, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            stream = accepted.recv() => match stream {
                Some(stream) => drop(connections.spawn(serve(stream, router.clone()))),
                None => break,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    // The routes write `date` themselves, from the server's own clock. Without `half_close`, a client that hangs up ends the connection at
    // once, and the request on it with it.
    let connection =
        http1::Builder::new().auto_date_header(false).half_close(false).serve_connection(TokioIo::new(stream), service);
    // a client that goes away is no error of the server
    let _ = connection.await;
}
