//! `POST /collective_rpc`: a method called on every worker. There are none here, so a call returns what a method without a result does.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{
    body::any_json,
    context::Context,
    error::{ApiError, json_response},
};

pub(super) async fn call(State(context): State<Arc<Context>>, body: Body) -> Response {
    match any_json(body, context.app.frontend.max_body_bytes).await.and_then(|body| called(&body)) {
        Ok(body) => json_response(StatusCode::OK, body.to_string()),
        Err(error) => error.response(context.features()),
    }
}

fn called(body: &Value) -> Result<Value, ApiError> {
    let Some(body) = body.as_object() else { return Err(ApiError::Uncaught) };
    if body.get("method").is_none_or(Value::is_null) {
        return Err(ApiError::http_exception(StatusCode::BAD_REQUEST, "Missing 'method' in request body"));
    }
    Ok(json!({"results": [null]}))
}
