//! What surrounds every answer: ids, keys, and the CORS of `tower-http`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, AUTHORIZATION, ORIGIN, VARY,
        },
    },
    middleware::Next,
    response::Response,
};

use super::super::{
    context::Context,
    error::{ApiError, status_only},
    options::RequestIdHeaders,
};

/// Paths that ask for a key (`rust/src/server/src/middleware/auth.rs`).
const GUARDED: [&str; 3] = ["/v1", "/v2", "/inference"];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Runs around every route.
pub(super) async fn around(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let id = match context.app.frontend.request_id_headers {
        RequestIdHeaders::Echoed => Some(header_id(&context, request.headers())),
        RequestIdHeaders::Absent => None,
    };
    let mut response = if is_authorized(&context, &request) {
        shared_with_others(request, next).await
    } else {
        ApiError::Unauthorized.response(context.features())
    };
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The client's own id, or one of 32 digits, which has nothing to do with that of the answer.
fn header_id(context: &Context, headers: &HeaderMap) -> HeaderValue {
    const DIGITS: usize = 32;
    if let Some(own) = headers.get(REQUEST_ID) {
        return own.clone();
    }
    let mut id = String::new();
    while id.len() < DIGITS {
        id.push_str(&context.new_id());
    }
    id.truncate(DIGITS);
    HeaderValue::from_str(&id).expect("hexadecimal digits are a header value")
}

/// No other origin is allowed by default: what is said to one is that the answer depends on it.
async fn shared_with_others(request: Request, next: Next) -> Response {
    let has_origin = request.headers().contains_key(ORIGIN);
    let mut response = if request.method() == Method::OPTIONS {
        let asked = request.headers().clone();
        // the routes say which methods they have
        let allowed = next.run(request).await.headers_mut().remove(ALLOW);
        let mut response = status_only(StatusCode::OK);
        if let Some(allowed) = allowed {
            response.headers_mut().insert(ALLOW, allowed);
        }
        if has_origin {
            preflight(&asked, response.headers_mut());
        }
        response
    } else {
        next.run(request).await
    };
    if has_origin {
        response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn preflight(asked: &HeaderMap, headers: &mut HeaderMap) {
    const METHODS: HeaderValue = HeaderValue::from_static("DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
}

fn is_authorized(context: &Context, request: &Request) -> bool {
    let keys = &context.app.frontend.api_keys;
    let path = request.uri().path();
    if keys.is_empty() || request.method() == Method::OPTIONS || !GUARDED.iter().any(|prefix| path.starts_with(prefix))
    {
        return true;
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header
        .split_once(' ')
        .is_some_and(|(scheme, key)| scheme.eq_ignore_ascii_case("bearer") && keys.iter().any(|known| known == key))
}
