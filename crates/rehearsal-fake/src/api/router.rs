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

/// A path, what a refused method's `allow` header says, and the handlers.
struct Route {
    path: &'static str,
    allow: &'static str,
    handlers: fn() -> MethodRouter<Arc<Context>>,
}

const ROUTES: [Route; 11] = [
    Route { path: "/v1/chat/completions", allow: "POST", handlers: || post(chat::create) },
    Route { path: "/v1/completions", allow: "POST", handlers: || post(completion::create) },
    Route { path: "/v1/models", allow: "GET", handlers: || get(models::list) },
    Route { path: "/health", allow: "GET", handlers: || get(probes::health) },
    Route { path: "/ping", allow: "GET, POST", handlers: || get(probes::health).post(probes::health) },
    Route { path: "/version", allow: "GET", handlers: || get(probes::version) },
    Route { path: "/load", allow: "GET", handlers: || get(probes::load) },
    Route { path: "/metrics", allow: "GET", handlers: || get(probes::metrics) },
    Route { path: "/metrics/", allow: "GET", handlers: || get(probes::metrics) },
    Route { path: "/tokenize", allow: "POST", handlers: || post(tokenize::tokenize) },
    Route { path: "/detokenize", allow: "POST", handlers: || post(tokenize::detokenize) },
];

/// The methods of a route, as its `allow` header lists them; `None` if there is no such path.
pub(super) fn allowed_methods(path: &str) -> Option<&'static str> {
    ROUTES.iter().find(|route| route.path == path).map(|route| route.allow)
}

/// The whole API of one server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let context = Arc::new(Context::new(app));
    let mut router = Router::new();
    for Route { path, handlers, .. } in ROUTES {
        // named here, so that axum neither answers HEAD with the GET handler nor adds its own `allow` to a preflight's answer
        router = router.route(path, handlers().head(frame::wrong_method).options(frame::wrong_method));
    }
    router
        .method_not_allowed_fallback(frame::wrong_method)
        .fallback(frame::no_route)
        .layer(from_fn_with_state(Arc::clone(&context), frame::around))
        // bodies are bounded where they are read, with a message that names the limit
        .layer(DefaultBodyLimit::disable())
        .with_state(context)
}
