//! `POST /v1/audio/transcriptions` and `/translations`, as a model without ears answers them.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::{Map, Value};

use super::{
    context::Context,
    error::{ApiError, json_response},
    validation::{Handler, Problem, invalid},
};

/// The lines of the two functions in 0.13.0's `vllm/entrypoints/openai/api_server.py`; the first is recorded.
const TRANSCRIPTIONS: Handler =
    Handler { path: "/v1/audio/transcriptions", function: "create_transcriptions", line: 564 };
const TRANSLATIONS: Handler = Handler { path: "/v1/audio/translations", function: "create_translations", line: 609 };

pub(super) async fn transcriptions(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    refuse(&context, &headers, body, TRANSCRIPTIONS, "Transcriptions").await
}

pub(super) async fn translations(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    refuse(&context, &headers, body, TRANSLATIONS, "Translations").await
}

/// The body is a form; what is none has no fields, so the file is missing. With one, the model is what is missing.
async fn refuse(context: &Context, headers: &HeaderMap, body: Body, handler: Handler, api: &str) -> Response {
    let max_bytes = context.app.frontend.max_body_bytes;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(bytes) = to_bytes(body, max_bytes).await else {
        return ApiError::too_large(max_bytes).response(context.features());
    };
    let has_file = content_type.starts_with("multipart/form-data") && contains(&bytes, b"name=\"file\"");
    if !has_file {
        let missing = Problem::missing("file", &Value::Object(Map::new()));
        return invalid(context.features(), handler, &[missing]).response(context.features());
    }
    let error = ApiError::bad_request(format!("The model does not support {api} API"));
    json_response(StatusCode::OK, error.json(context.features()).unwrap_or_default().to_string())
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
