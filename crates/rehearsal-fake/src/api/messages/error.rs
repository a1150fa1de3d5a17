//! Errors of the messages: those of a body look as everywhere, all others as Anthropic writes them.

use axum::response::Response;
use serde_json::json;

use crate::{
    api::error::{ApiError, json_response},
    version::Features,
};

/// Why a request for a message is refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refused {
    /// The body does not fit: answered before vLLM's own code runs.
    Body(ApiError),
    /// The serving code refuses.
    Serving(ApiError),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Serving(error)
    }
}

impl Refused {
    /// The whole answer.
    pub(super) fn response(&self, features: &Features) -> Response {
        match self {
            Self::Serving(ApiError::Object(object)) => {
                let (kind, message) = kind_and_message(features, &ApiError::Object(object.clone()));
                let body = json!({"type": "error", "error": {"type": kind, "message": message}});
                json_response(object.status, body.to_string())
            }
            Self::Body(error) | Self::Serving(error) => error.response(features),
        }
    }
}

/// `type` and `message` of an error as the version words them.
pub(super) fn kind_and_message(features: &Features, error: &ApiError) -> (String, String) {
    let object = error.json(features).unwrap_or_default();
    let member = |name: &str| object["error"][name].as_str().unwrap_or_default().to_owned();
    (member("type"), member("message"))
}
