//! Around the API: the date, the counts of answered requests, faults, and the one route that vLLM does not have.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody, to_bytes},
    extract::{MatchedPath, Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, DATE},
    },
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use serde_json::{Value, json};

use super::{AccessLog, App, listen::Peer};
use crate::{
    fault::{Fault, FaultRequest, spoil},
    log::{LogLevel, LogLine, LogProcess},
    metrics::Answered,
};

/// Where the driver's lateness is shown.
pub(crate) const LATENESS_PATH: &str = "/rehearsal/lateness";

/// Routes that vLLM's instrumentator leaves out (`entrypoints/openai/api_server.py`, `excluded_handlers`).
const UNCOUNTED: [&str; 8] =
    ["/metrics", "/metrics/", "/health", "/load", "/ping", "/version", "/server_info", LATENESS_PATH];

/// The API with everything around it.
pub(super) fn wrap(api: Router, app: &Arc<App>) -> Router {
    let ours = Router::new().route(LATENESS_PATH, get(lateness)).with_state(Arc::clone(app));
    // each route is wrapped for itself, so that the wrapping sees which one matched
    ours.merge(api).layer(from_fn_with_state(Arc::clone(app), around))
}

async fn lateness(State(app): State<Arc<App>>) -> Response {
    let body = serde_json::to_string(&app.lateness()).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = app.clock.now();
    let handler =
        request.extensions().get::<MatchedPath>().map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let peer = request.extensions().get::<Peer>().copied().filter(|_| app.log.is_heard());
    let asked =
        if peer.is_some() { format!("{method} {} {:?}", request.uri(), request.version()) } else { String::new() };
    let request_bytes = length(request.headers().get(CONTENT_LENGTH));
    let (request, fault) = strike(&app, request).await;
    let mut response = match &fault {
        Some(Fault::Status(status)) => refusal(*status),
        _ => next.run(request).await,
    };
    if let Ok(date) = HeaderValue::from_str(&app.clock.http_date()) {
        response.headers_mut().insert(DATE, date);
    }
    if app.access_log == AccessLog::On
        && let Some(Peer(peer)) = peer
    {
        app.log.line(&access(peer, &asked, response.status()));
    }
    if !UNCOUNTED.contains(&handler.as_str()) {
        app.metrics.answered(Answered {
            handler: &handler,
            method: method.as_str(),
            status: response.status().as_u16(),
            request_bytes,
            response_bytes: response.body().size_hint().exact().unwrap_or(0),
            took: app.clock.on_the_wall_since(started),
        });
    }
    match fault {
        None | Some(Fault::Status(_)) => response,
        Some(fault) => spoil(response, fault).await,
    }
}

/// The fault that befalls this request; its body is read for that only where there are rules.
async fn strike(app: &App, request: Request) -> (Request, Option<Fault>) {
    if app.faults.is_empty() {
        return (request, None);
    }
    let (head, body) = request.into_parts();
    // a body beyond the limit, or one that breaks off, is refused by the route, which then sees it empty
    let bytes = to_bytes(body, app.frontend.max_body_bytes).await.unwrap_or_default();
    let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let model = json.get("model").and_then(Value::as_str);
    let fault = app.faults.strike(&FaultRequest { path: head.uri.path(), model, body: &json });
    (Request::from_parts(head, Body::from(bytes)), fault)
}

fn refusal(status: StatusCode) -> Response {
    let message = format!("fault rule: {status}");
    let error = json!({"error": {"message": message, "type": "Fault", "param": null, "code": status.as_u16()}});
    let mut response = Response::new(Body::from(error.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The line of uvicorn's access log.
fn access(peer: SocketAddr, asked: &str, status: StatusCode) -> LogLine {
    let reason = status.canonical_reason().unwrap_or_default();
    let text = format!("{peer} - \"{asked}\" {} {reason}", status.as_u16());
    LogLine { process: LogProcess::ApiServer, level: LogLevel::Uvicorn, text }
}

fn length(header: Option<&HeaderValue>) -> u64 {
    header.and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0)
}
