//! `POST /reset_prefix_cache`, `/reset_mm_cache` and `/reset_encoder_cache`.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};

use super::{context::Context, error::status_only};

pub(super) async fn reset_prefix_cache(State(context): State<Arc<Context>>) -> Response {
    context.app.engine.reset_prefix_cache();
    status_only(StatusCode::OK)
}

pub(super) async fn reset_mm_cache(State(context): State<Arc<Context>>) -> Response {
    context.images.clear();
    status_only(StatusCode::OK)
}

/// Encoder outputs have no observable life of their own here: nothing is encoded.
pub(super) async fn reset_encoder_cache() -> Response {
    status_only(StatusCode::OK)
}
