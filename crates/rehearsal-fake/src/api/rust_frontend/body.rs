//! Reads a request's body as axum's `Json` extractor does, whose words a client sees.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, header::CONTENT_TYPE},
};
use serde::de::DeserializeOwned;

use super::{super::context::Context, refusal::Refusal, violations::Violations};

/// The type of a request's body.
pub(super) trait RequestBody: DeserializeOwned {
    /// Puts a field where another one stands for it.
    fn normalize(&mut self) {}

    /// The rules of single fields, and those about several.
    fn check(&self, _rules: &mut Violations) {}
}

/// The body: read, put in order, its rules checked.
pub(super) async fn read<T: RequestBody>(context: &Context, headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
    let limit = context.app.frontend.max_body_bytes;
    let bytes = to_bytes(body, limit).await.map_err(|_| Refusal::TooLarge(limit))?;
    let mut request = Request::new(Body::from(bytes.clone()));
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::clone(kind));
    }
    let Json(mut body) = Json::<T>::from_request(request, &())
        .await
        .map_err(|error| Refusal::Unreadable(with_older_column(&error.body_text(), &bytes)))?;
    body.normalize();
    let mut rules = Violations::default();
    body.check(&mut rules);
    rules.finish()?;
    Ok(body)
}

/// `serde_json` points at the first byte that is no UTF-8; the older release that is in vLLM 0.32.0 points at the end of its string.
fn with_older_column(message: &str, body: &[u8]) -> String {
    let Some((before, _)) = message.split_once("invalid unicode code point at line 1 column ") else {
        return message.to_owned();
    };
    let valid = std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len);
    let rest = body.get(valid..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
    format!("{before}invalid unicode code point at line 1 column {}", valid + end + 1)
}
