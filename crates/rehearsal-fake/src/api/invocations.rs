//! `POST /invocations`: what `SageMaker` calls; the body decides which route answers.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::Value;

use super::{
    chat, chat_request::ChatRequest, completion, completion_request::CompletionRequest, context::Context,
    error::ApiError,
};

/// The request types of a model that generates, in the order in which they are tried (`vllm/entrypoints/sagemaker/routes.py`).
const EXPECTED: &str =
    "Cannot find suitable handler for request. Expected one of: ['ChatCompletionRequest', 'CompletionRequest']";

pub(super) async fn dispatch(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    let max_bytes = context.app.frontend.max_body_bytes;
    let Ok(bytes) = to_bytes(body, max_bytes).await else {
        return ApiError::too_large(max_bytes).response(context.features());
    };
    let features = context.features();
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => {
            let detail = format!("JSON decode error: {error}");
            return ApiError::http_exception(StatusCode::BAD_REQUEST, detail).response(features);
        }
    };
    let Some(object) = value.as_object() else { return ApiError::bad_request(EXPECTED).response(features) };
    if ChatRequest::read(features, object).is_ok() {
        return chat::create(State(context), headers, Body::from(bytes)).await;
    }
    if CompletionRequest::read(features, object).is_ok() {
        return completion::create(State(context), headers, Body::from(bytes)).await;
    }
    ApiError::bad_request(EXPECTED).response(features)
}
