//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{MethodRouter, get, post},
};

use super::{chat, completion, context::Context, frame, models, probes, tokenize};
use crate::server::App;

/// Paths of [`router`], for a request that adds a slash.
pub(super) const PATHS: [&str; 10] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/models",
    "/health",
    "/ping",
    "/version",
    "/load",
    "/metrics",
    "/tokenize",
    "/detokenize",
];

/// The whole API of one server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let context = Arc::new(Context::new(app));
    Router::new()
        .route("/v1/chat/completions", post(chat::create))
        .route("/v1/completions", post(completion::create))
        .route("/v1/models", read(get(models::list)))
        .route("/health", read(get(probes::health)))
        .route("/ping", get(probes::health).post(probes::health).head(frame::wrong_method))
        .route("/version", read(get(probes::version)))
        .route("/load", read(get(probes::load)))
        .route("/metrics", get(probes::metrics))
        .route("/metrics/", get(probes::metrics))
        .route("/tokenize", post(tokenize::tokenize))
        .route("/detokenize", post(tokenize::detokenize))
        .method_not_allowed_fallback(frame::wrong_method)
        .fallback(frame::no_route)
        .layer(from_fn_with_state(Arc::clone(&context), frame::around))
        // bodies are bounded where they are read, with a message that names the limit
        .layer(DefaultBodyLimit::disable())
        .with_state(context)
}

/// `FastAPI` answers a `HEAD` on a `GET` route with 405.
fn read(route: MethodRouter<Arc<Context>>) -> MethodRouter<Arc<Context>> {
    route.head(frame::wrong_method)
}
