//! `GET /docs`: the page of `FastAPI` that draws `/openapi.json`.

use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};

/// `fastapi.openapi.docs.get_swagger_ui_html` with its defaults, as recorded from 0.13.0 and 0.32.0.
const PAGE: &str = include_str!("docs.html");

pub(super) async fn page() -> Response {
    let mut response = Response::new(Body::from(PAGE));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}
