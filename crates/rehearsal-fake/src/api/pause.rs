//! `POST /pause`, `POST /resume` and `GET /is_paused`: no request starts while the server is paused.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use serde_json::json;

use super::{
    context::Context,
    error::{ApiError, json_response},
    query::Query,
    steering::InFlightRequests,
};

pub(super) async fn pause(State(context): State<Arc<Context>>, uri: Uri) -> Response {
    match wanted(&context, &uri) {
        Ok((in_flight, clears)) => {
            context.steering.pause(in_flight);
            if in_flight == InFlightRequests::Finish {
                context.steering.until_idle().await;
            }
            if clears {
                context.app.engine.reset_prefix_cache();
            }
            json_response(StatusCode::OK, json!({"status": "paused"}).to_string())
        }
        Err(error) => error.response(context.features()),
    }
}

pub(super) async fn resume(State(context): State<Arc<Context>>) -> Response {
    context.steering.resume();
    json_response(StatusCode::OK, json!({"status": "resumed"}).to_string())
}

pub(super) async fn is_paused(State(context): State<Arc<Context>>) -> Response {
    json_response(StatusCode::OK, json!({"is_paused": context.steering.is_paused()}).to_string())
}

/// What becomes of requests in flight, and whether the caches are cleared. `mode` is newer than `wait_for_inflight_requests`, and wins.
fn wanted(context: &Context, uri: &Uri) -> Result<(InFlightRequests, bool), ApiError> {
    let query = Query::new(context.features(), uri);
    let waits = query.flag("wait_for_inflight_requests")?.unwrap_or(false);
    let clears = query.flag("clear_cache")?.unwrap_or(true);
    let in_flight = match query.choice("mode", &["abort", "wait", "keep"])? {
        "wait" => InFlightRequests::Finish,
        "keep" => InFlightRequests::Freeze,
        _ if waits => InFlightRequests::Finish,
        _ => InFlightRequests::Abort,
    };
    Ok((in_flight, clears && in_flight != InFlightRequests::Freeze))
}
