//! What surrounds every answer: keys, methods and paths that are refused, headers.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, SERVER, VARY},
    },
    middleware::Next,
    response::Response,
};

use super::{
    context::Context,
    cors::is_preflight,
    error::{ApiError, status_only},
    options::RequestIdHeaders,
    router,
};
use crate::version::{HeaderStyle, InternalErrors};

/// Runs around every route.
pub(super) async fn around(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let id = match context.app.frontend.request_id_headers {
        RequestIdHeaders::Echoed => Some(context.header_id(request.headers())),
        RequestIdHeaders::Absent => None,
    };
    let cors = &context.app.frontend.cors;
    let asked = request.headers().clone();
    let mut response = if is_preflight(&request) {
        cors.preflight(context.features(), &asked)
    } else if is_authorized(&context, &request) {
        next.run(request).await
    } else {
        ApiError::Unauthorized.response(context.features())
    };
    let status = response.status();
    let is_preflight_answer = response.headers().contains_key("access-control-max-age");
    let json = response.headers().get(CONTENT_TYPE).is_some_and(|value| value == "application/json");
    let headers = response.headers_mut();
    if context.features().headers == HeaderStyle::Uvicorn {
        headers.insert(SERVER, HeaderValue::from_static("uvicorn"));
        let outside = context.features().internal_errors == InternalErrors::Uncaught;
        let uncaught = status == StatusCode::INTERNAL_SERVER_ERROR && (!json || outside);
        if !uncaught && status != StatusCode::UNAUTHORIZED {
            // those two are answered outside the CORS middleware
            headers.entry(VARY).or_insert(HeaderValue::from_static("Origin"));
        }
        if !is_preflight_answer {
            cors.answer(context.features(), &asked, headers);
        }
    }
    if let Some(id) = id {
        headers.insert("x-request-id", id);
    }
    response
}

/// Only `/v1` asks for a key, and only as a bearer token; `AuthenticationMiddleware` of `vllm/entrypoints/openai/api_server.py`.
fn is_authorized(context: &Context, request: &Request) -> bool {
    let keys = &context.app.frontend.api_keys;
    if keys.is_empty() || request.method() == Method::OPTIONS || !request.uri().path().starts_with("/v1") {
        return true;
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match header.split_once(' ') {
        Some((scheme, key)) => scheme.eq_ignore_ascii_case("bearer") && keys.iter().any(|known| known == key.trim()),
        None => false,
    }
}

/// A method that the route does not have.
pub(super) async fn wrong_method(State(context): State<Arc<Context>>, method: Method, uri: Uri) -> Response {
    let refused = ApiError::Detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    let mut response = refused.response(context.features());
    if method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    let allowed = router::allowed_methods(&context, uri.path()).and_then(|allowed| HeaderValue::try_from(allowed).ok());
    if let Some(allowed) = allowed {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// A path that is no route. One that is a route but for a slash at the end is sent there.
pub(super) async fn no_route(State(context): State<Arc<Context>>, uri: Uri, headers: HeaderMap) -> Response {
    let route = uri.path().strip_suffix('/').filter(|path| router::allowed_methods(&context, path).is_some());
    let Some((path, host)) = route.zip(headers.get(HOST).and_then(|host| host.to_str().ok())) else {
        return ApiError::Detail(StatusCode::NOT_FOUND, "Not Found").response(context.features());
    };
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut response = status_only(StatusCode::TEMPORARY_REDIRECT);
    if let Ok(location) = HeaderValue::from_str(&format!("http://{host}{path}{query}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}
