//! `GET /v1/responses/{id}` and `POST /v1/responses/{id}/cancel`.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::{StatusCode, Uri},
    response::Response,
};

use crate::api::{
    context::Context,
    error::{ApiError, json_response},
    query::Query,
};

/// Answers with a response that is kept.
pub(in crate::api) async fn retrieve(
    State(context): State<Arc<Context>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Response {
    let features = context.features();
    let found = Query::new(features, &uri).flag("stream").and_then(|stream| {
        let response = context.responses.get(&id)?;
        if stream == Some(true) {
            // only what a background task streamed could be streamed again, and background responses are made whole here
            let message = format!("Unknown response_id: {id}");
            return Err(ApiError::bad_value(features, "response_id", &id, &message));
        }
        Ok(response)
    });
    match found {
        Ok(response) => json_response(StatusCode::OK, response.to_string()),
        Err(error) => error.response(context.features()),
    }
}

/// Ends a response that is being made in the background.
pub(in crate::api) async fn cancel(State(context): State<Arc<Context>>, Path(id): Path<String>) -> Response {
    match context.responses.cancel(&id) {
        Ok(response) => json_response(StatusCode::OK, response.to_string()),
        Err(error) => error.response(context.features()),
    }
}
