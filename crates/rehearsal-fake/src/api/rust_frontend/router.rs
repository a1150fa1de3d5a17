//! Which path leads where: axum's own answers to wrong methods and unknown paths, which have no body.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode},
    middleware::from_fn_with_state,
    response::Response,
    routing::{get, post},
};

use super::{
    super::{context::Context, error::status_only, generate_tokens, models, options::ScaleOut, probes},
    chat, completion, frame,
    refusal::Refusal,
    tokenize,
};

/// The whole API of one server.
pub(in super::super) fn router(context: Arc<Context>) -> Router {
    let generate = match context.app.frontend.scale_out {
        ScaleOut::Enabled => post(generate_tokens::create),
        ScaleOut::Disabled => post(scale_out_disabled),
    };
    Router::new()
        .route("/health", get(probes::health))
        .route("/metrics", get(probes::metrics))
        .route("/load", get(probes::load))
        .route("/version", get(probes::version))
        .route("/v1/models", get(models::list))
        .route("/v1/completions", post(completion::create))
        .route("/v1/chat/completions", post(chat::create))
        .route("/tokenize", post(tokenize::tokenize))
        .route("/detokenize", post(tokenize::detokenize))
        .route("/inference/v1/generate", generate)
        .fallback(no_route)
        .layer(from_fn_with_state(Arc::clone(&context), frame::around))
        // bodies are bounded where they are read, with a message that names the limit
        .layer(DefaultBodyLimit::disable())
        .with_state(context)
}

/// Refuses a model that is not served; none at all, or an empty name, stands for the one that is.
pub(super) fn check_model(context: &Context, model: Option<&str>) -> Result<(), Refusal> {
    let served = &context.app.frontend.served_model_names;
    match model.filter(|model| !model.is_empty() && !served.iter().any(|name| name == model)) {
        Some(model) => Err(Refusal::UnknownModel(model.to_owned())),
        None => Ok(()),
    }
}

/// The end of a request's id: the client's own, from header or body, or a new one.
pub(super) fn request_id(context: &Context, headers: &HeaderMap, body: Option<&str>) -> String {
    let header = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    header.or(body).map_or_else(|| context.new_id(), str::to_owned)
}

async fn scale_out_disabled() -> Response {
    Refusal::ScaleOutDisabled.response()
}

async fn no_route() -> Response {
    status_only(StatusCode::NOT_FOUND)
}
