//! The small routes that watchers ask: `/health`, `/ping`, `/version`, `/load`, `/metrics`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::json;

use super::{
    context::Context,
    error::{json_response, status_only},
    object::shaped,
    options::LoadTracking,
};
use crate::version::{HeaderStyle, ShapeName};

pub(super) async fn health(State(context): State<Arc<Context>>) -> Response {
    let dead = context.app.engine.is_dead();
    status_only(if dead { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK })
}

pub(super) async fn version(State(context): State<Arc<Context>>) -> Response {
    let release = context.wire.version.release().to_string();
    let values = [("version", release.as_str().into()), ("rust_frontend_version", release.as_str().into())];
    json_response(StatusCode::OK, shaped(&context.wire, ShapeName::Version, values).to_string())
}

pub(super) async fn load(State(context): State<Arc<Context>>) -> Response {
    let load = match context.app.frontend.load_tracking {
        LoadTracking::On => context.in_flight(),
        LoadTracking::Off => 0,
    };
    json_response(StatusCode::OK, json!({ "server_load": load }).to_string())
}

pub(super) async fn metrics(State(context): State<Arc<Context>>) -> Response {
    let content_type = match context.features().headers {
        HeaderStyle::Uvicorn => "text/plain; version=1.0.0; charset=utf-8",
        HeaderStyle::Hyper => "application/openmetrics-text; version=1.0.0; charset=utf-8",
    };
    let mut response = Response::new(context.app.metrics.text().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The page behind a slash is the one that `prometheus_client` mounts: the same text, but the older format by its name.
pub(super) async fn mounted_metrics(State(context): State<Arc<Context>>) -> Response {
    let mut response = metrics(State(context)).await;
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
