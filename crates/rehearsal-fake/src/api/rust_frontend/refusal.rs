//! Errors in the Rust frontend's words (`rust/src/server/src/error.rs`): a status, and an object whose `code` is a word.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::super::error::{ApiError, json_response};

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body is no JSON, or not of the request's type.
    Unreadable(String),
    /// A value that is refused; the field is named for some of them only.
    Invalid { message: String, param: Option<&'static str> },
    /// A model that is not served.
    UnknownModel(String),
    /// Something that the server has not been started for, or that broke.
    Server(String),
    /// A route that `--enable-scale-out` opens.
    ScaleOutDisabled,
    /// A body above our own limit; vLLM's is its `DefaultBodyLimit`.
    TooLarge(usize),
}

impl Refusal {
    /// A value that is refused without a field named.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), param: None }
    }

    /// A prompt without a token, whatever route it came by (recording `completions/prompt-empty`).
    pub(super) fn empty_prompt(id: &str) -> Self {
        Self::invalid(format!("generate request `{id}` has an empty prompt_token_ids"))
    }

    /// A value that is refused, of this field.
    pub(super) fn field(param: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into(), param: Some(param) }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unreadable(_) | Self::Invalid { .. } => StatusCode::BAD_REQUEST,
            Self::UnknownModel(_) => StatusCode::NOT_FOUND,
            Self::Server(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ScaleOutDisabled => StatusCode::FORBIDDEN,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }

    /// The body.
    pub(super) fn json(&self) -> Value {
        const INVALID: &str = "invalid_request_error";
        let (message, kind, param, code) = match self {
            Self::Unreadable(message) => (message.clone(), INVALID, None, "json_parse_error"),
            Self::Invalid { message, param } => (message.clone(), INVALID, *param, INVALID),
            Self::UnknownModel(model) => {
                (format!("The model `{model}` does not exist."), INVALID, Some("model"), "model_not_found")
            }
            Self::Server(message) => (message.clone(), "server_error", None, "server_error"),
            Self::ScaleOutDisabled => (
                "Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable them."
                    .to_owned(),
                "PermissionDeniedError",
                None,
                "403",
            ),
            Self::TooLarge(limit) => {
                (format!("the request body must be <= {limit} bytes; raise `max_body_bytes`"), INVALID, None, INVALID)
            }
        };
        json!({"error": {"message": message, "type": kind, "param": param, "code": code}})
    }

    /// The whole answer.
    pub(super) fn response(&self) -> Response {
        json_response(self.status(), self.json().to_string())
    }
}

impl From<ApiError> for Refusal {
    /// What the engine's side refuses or breaks on reaches a client as a server error.
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Object(object) => Self::Server(object.message),
            _ => Self::Server("internal server error".to_owned()),
        }
    }
}
