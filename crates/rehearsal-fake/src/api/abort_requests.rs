//! `POST /abort_requests`: ends all requests in flight when none is named.
//!
//! **Not here, on purpose:** ending a request by its name. The answer counts the names, known or not, as vLLM's does.

use std::sync::Arc;

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{
    body::any_json,
    context::Context,
    error::{ApiError, json_response},
};

pub(super) async fn abort(State(context): State<Arc<Context>>, body: Body) -> Response {
    match any_json(body, context.app.frontend.max_body_bytes).await {
        Ok(Value::Object(body)) => {
            let aborted = match body.get("request_ids").and_then(Value::as_array).filter(|ids| !ids.is_empty()) {
                Some(ids) => ids.len(),
                None => context.steering.abort_all(),
            };
            json_response(StatusCode::OK, json!({"status": "aborted", "aborted": aborted}).to_string())
        }
        Ok(_) => ApiError::Uncaught.response(context.features()),
        Err(error) => error.response(context.features()),
    }
}
