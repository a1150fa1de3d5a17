//! `POST /sleep`, `POST /wake_up` and `GET /is_sleeping`: an engine that gives its memory back for a while.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use serde_json::json;

use super::{
    context::Context,
    error::{ApiError, json_response, status_only},
    query::Query,
    steering::{InFlightRequests, Sleep},
};

pub(super) async fn sleep(State(context): State<Arc<Context>>, uri: Uri) -> Response {
    let query = Query::new(context.features(), &uri);
    // `int(level)` of what is no number is an exception that nothing catches
    let Ok(level) = query.text("level").unwrap_or("1").trim().parse::<u32>() else {
        return ApiError::Uncaught.response(context.features());
    };
    context.steering.pause(InFlightRequests::Abort);
    context.app.engine.reset_prefix_cache();
    context.steering.set_sleep(match level {
        0 => None,
        1 => Some(Sleep::WeightsOffloaded),
        _ => Some(Sleep::DiscardAll),
    });
    context.app.metrics.sleeps(level);
    status_only(StatusCode::OK)
}

pub(super) async fn wake_up(State(context): State<Arc<Context>>) -> Response {
    context.steering.set_sleep(None);
    context.app.metrics.sleeps(0);
    context.steering.resume();
    status_only(StatusCode::OK)
}

pub(super) async fn is_sleeping(State(context): State<Arc<Context>>) -> Response {
    json_response(StatusCode::OK, json!({"is_sleeping": context.steering.sleep().is_some()}).to_string())
}
