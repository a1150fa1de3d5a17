//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{MethodRouter, get, post},
};

use super::{
    abort_requests, audio, caches, chat, collective_rpc, completion, context::Context, docs, frame, generate_tokens,
    invocations, lora, messages, models, openapi, pause, pooling, probes, render, responses, rust_frontend, scale,
    server_info, sleep, tokenize,
};
use crate::{
    server::App,
    version::{Frontend, Route, RouteHandler},
};

/// The methods of a path and what answers them.
fn methods(handler: RouteHandler) -> MethodRouter<Arc<Context>> {
    match handler {
        RouteHandler::Chat => post(chat::create),
        RouteHandler::Completions => post(completion::create),
        RouteHandler::Responses => post(responses::create),
        RouteHandler::RetrieveResponse => get(responses::retrieve),
        RouteHandler::CancelResponse => post(responses::cancel),
        RouteHandler::Messages => post(messages::create),
        RouteHandler::CountTokens => post(messages::count_tokens),
        RouteHandler::Invocations => post(invocations::dispatch),
        RouteHandler::GenerateTokens => post(generate_tokens::create),
        RouteHandler::RenderChat => post(render::chat),
        RouteHandler::RenderCompletions => post(render::completions),
        RouteHandler::Tokenize => post(tokenize::tokenize),
        RouteHandler::Detokenize => post(tokenize::detokenize),
        RouteHandler::Embeddings => post(pooling::embeddings),
        RouteHandler::Pooling => post(pooling::pooling),
        RouteHandler::Classify => post(pooling::classify),
        RouteHandler::Score => post(pooling::score),
        RouteHandler::Rerank => post(pooling::rerank),
        RouteHandler::Transcriptions => post(audio::transcriptions),
        RouteHandler::Translations => post(audio::translations),
        RouteHandler::Models => get(models::list),
        RouteHandler::LoadLora => post(lora::load),
        RouteHandler::UnloadLora => post(lora::unload),
        RouteHandler::Health => get(probes::health),
        RouteHandler::Ping => get(probes::health).post(probes::health),
        RouteHandler::Version => get(probes::version),
        RouteHandler::Load => get(probes::load),
        RouteHandler::Metrics => get(probes::metrics),
        RouteHandler::MetricsMount => get(probes::mounted_metrics),
        RouteHandler::Docs => get(docs::page),
        RouteHandler::Openapi => get(openapi::document),
        RouteHandler::ScaleElasticEp => post(scale::scale),
        RouteHandler::IsScalingElasticEp => post(scale::is_scaling),
        RouteHandler::Pause => post(pause::pause),
        RouteHandler::Resume => post(pause::resume),
        RouteHandler::IsPaused => get(pause::is_paused),
        RouteHandler::Sleep => post(sleep::sleep),
        RouteHandler::WakeUp => post(sleep::wake_up),
        RouteHandler::IsSleeping => get(sleep::is_sleeping),
        RouteHandler::ResetPrefixCache => post(caches::reset_prefix_cache),
        RouteHandler::ResetMmCache => post(caches::reset_mm_cache),
        RouteHandler::ResetEncoderCache => post(caches::reset_encoder_cache),
        RouteHandler::ServerInfo => get(server_info::show),
        RouteHandler::CollectiveRpc => post(collective_rpc::call),
        RouteHandler::AbortRequests => post(abort_requests::abort),
        RouteHandler::WorldSize => get(server_info::world_size),
    }
}

/// The methods of a route, as its `allow` header lists them; `None` if there is no such path.
pub(super) fn allowed_methods(context: &Context, path: &str) -> Option<String> {
    context.routes().find(|route| leads(route, path)).map(|route| route.methods.to_owned())
}

/// Whether a path is one of that route's, `{name}` standing for any segment.
fn leads(route: &Route, path: &str) -> bool {
    let (pattern, path) = (route.path.split('/'), path.split('/'));
    let fits = |(pattern, segment): (&str, &str)| pattern == segment || pattern.starts_with('{') && !segment.is_empty();
    pattern.clone().count() == path.clone().count() && pattern.zip(path).all(fits)
}

/// The whole API of one server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let context = Arc::new(Context::new(app));
    if context.wire.version.frontend() == Frontend::Rust {
        return rust_frontend::router(context);
    }
    let mut router = Router::new();
    for Route { path, methods: names, handler, .. } in context.routes() {
        let mut methods = methods(*handler).options(frame::wrong_method);
        if !names.contains("HEAD") {
            // named here, so that axum does not answer HEAD with the GET handler
            methods = methods.head(frame::wrong_method);
        }
        router = router.route(path, methods);
    }
    let root = app_root(&context);
    let router = router
        .method_not_allowed_fallback(frame::wrong_method)
        .fallback(frame::no_route)
        .layer(from_fn_with_state(Arc::clone(&context), frame::around))
        // bodies are bounded where they are read, with a message that names the limit
        .layer(DefaultBodyLimit::disable())
        .with_state(context);
    // as for Starlette, a path is the same with and without the root before it
    if root.is_empty() { router } else { Router::new().nest(&root, router.clone()).merge(router) }
}

/// `--root-path` with a slash before it and none behind.
fn app_root(context: &Context) -> String {
    let root = context.app.frontend.root_path.trim_matches('/');
    if root.is_empty() { String::new() } else { format!("/{root}") }
}
