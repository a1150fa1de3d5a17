//! `POST /scale_elastic_ep` and `POST /is_scaling_elastic_ep`, on an engine of one rank.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{
    body::any_json,
    context::Context,
    error::{ApiError, json_response},
};

pub(super) async fn is_scaling() -> Response {
    json_response(StatusCode::OK, json!({"is_scaling_elastic_ep": false}).to_string())
}

pub(super) async fn scale(State(context): State<Arc<Context>>, body: Body) -> Response {
    match any_json(body, context.app.frontend.max_body_bytes).await.and_then(|body| scaled(&body)) {
        Ok(body) => json_response(StatusCode::OK, body.to_string()),
        Err(error) => error.response(context.features()),
    }
}

/// Only the size that the engine has already is within its reach: others need a cluster, and vLLM fails without one.
fn scaled(body: &Value) -> Result<Value, ApiError> {
    let refuse = |status, detail: &str| Err(ApiError::http_exception(status, detail));
    let Some(body) = body.as_object() else { return Err(ApiError::Uncaught) };
    let positive = |value: &Value| value.as_u64().is_some_and(|size| 0 < size);
    let Some(size) = body.get("new_data_parallel_size").filter(|size| !size.is_null()) else {
        return refuse(StatusCode::BAD_REQUEST, "new_data_parallel_size is required");
    };
    if !positive(size) {
        return refuse(StatusCode::BAD_REQUEST, "new_data_parallel_size must be a positive integer");
    }
    if body.get("drain_timeout").is_some_and(|timeout| !positive(timeout)) {
        return refuse(StatusCode::BAD_REQUEST, "drain_timeout must be a positive integer");
    }
    match size.as_u64() {
        Some(1) => Ok(json!({"message": "Scaled to 1 data parallel engines"})),
        _ => refuse(StatusCode::INTERNAL_SERVER_ERROR, "Scale failed"),
    }
}
