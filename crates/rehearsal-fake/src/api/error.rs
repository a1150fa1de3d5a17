//! Errors as the frontends write them.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::{Value, json};

use crate::version::{ErrorCode, ErrorParam, Features, InternalErrors};

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ApiError {
    /// `{"error":{…}}`.
    Object(ErrorObject),
    /// `FastAPI`'s `{"detail":…}`.
    Detail(StatusCode, &'static str),
    /// An exception that nothing caught: 500 as plain text.
    Uncaught,
    /// No key, or a wrong one.
    Unauthorized,
}

/// The members of `error`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ErrorObject {
    pub(super) status: StatusCode,
    pub(super) message: String,
    /// The Python frontend's `type`.
    pub(super) kind: &'static str,
    /// The field at fault; written by the versions that name it.
    pub(super) param: Option<String>,
    /// The Rust frontend's `code`.
    pub(super) name: &'static str,
}

impl ApiError {
    /// A value that the serving code refuses.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::object(StatusCode::BAD_REQUEST, "BadRequestError", message, "invalid_request_error")
    }

    /// The same, with the field named.
    pub(super) fn bad_field(param: &str, message: impl Into<String>) -> Self {
        Self::bad_request(message).about(param)
    }

    /// This error, with the field at fault.
    pub(super) fn about(self, param: &str) -> Self {
        match self {
            Self::Object(object) => Self::Object(ErrorObject { param: Some(param.to_owned()), ..object }),
            other => other,
        }
    }

    /// The same; versions that name the field repeat its name behind the message.
    pub(super) fn bad_param(features: &Features, param: &str, message: &str) -> Self {
        match (features.error_param, features.error_code) {
            (ErrorParam::Named, ErrorCode::Status) => Self::bad_field(param, format!("{message} (parameter={param})")),
            _ => Self::bad_request(message),
        }
    }

    /// The same, with the value too; versions that name the field repeat both behind the message.
    pub(super) fn bad_value(features: &Features, param: &str, value: &str, message: &str) -> Self {
        match (features.error_param, features.error_code) {
            (ErrorParam::Named, ErrorCode::Status) => {
                Self::bad_field(param, format!("{message} (parameter={param}, value={value})"))
            }
            _ => Self::bad_request(message),
        }
    }

    /// A body that does not fit the request's type.
    pub(super) fn invalid_body(message: impl Into<String>) -> Self {
        Self::object(StatusCode::BAD_REQUEST, "Bad Request", message, "json_parse_error")
    }

    /// A model that is not served.
    pub(super) fn unknown_model(message: impl Into<String>) -> Self {
        match Self::object(StatusCode::NOT_FOUND, "NotFoundError", message, "model_not_found") {
            Self::Object(object) => Self::Object(ErrorObject { param: Some("model".to_owned()), ..object }),
            other => other,
        }
    }

    /// A body that is no text.
    pub(super) fn unreadable_body() -> Self {
        Self::Detail(StatusCode::BAD_REQUEST, "There was an error parsing the body")
    }

    /// A body above our own limit; vLLM has none.
    pub(super) fn too_large(max_bytes: usize) -> Self {
        let message = format!("the request body must be <= {max_bytes} bytes; raise `max_body_bytes`");
        Self::object(StatusCode::PAYLOAD_TOO_LARGE, "BadRequestError", message, "invalid_request_error")
    }

    /// A bug of the version answered as, or an engine that is gone.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::object(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", message, "internal_error")
    }

    /// The queue is as full as it may be (`vllm/exceptions.py`, `QueueOverflowError` and `MaxQueuedTokensError`).
    pub(super) fn overloaded() -> Self {
        const BUSY: &str = "The engine is currently busy and cannot accept new requests. Please try again later or on a different instance.";
        Self::object(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", BUSY, "service_unavailable")
    }

    /// The driver is gone: what vLLM says when its engine process died.
    pub(super) fn engine_dead() -> Self {
        Self::internal("EngineCore encountered an issue. See stack trace (above) for the root cause.")
    }

    /// `FastAPI`'s `HTTPException`, as vLLM's handler of it writes it: the type is the phrase of the status.
    pub(super) fn http_exception(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::object(status, status.canonical_reason().unwrap_or("Error"), detail, "invalid_request_error")
    }

    /// Something that vLLM has not written.
    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self::object(StatusCode::NOT_IMPLEMENTED, "NotImplementedError", message, "not_implemented")
    }

    /// What the routes of adapters refuse.
    pub(super) fn invalid_input(message: impl Into<String>) -> Self {
        Self::object(StatusCode::BAD_REQUEST, "InvalidUserInput", message, "invalid_request_error")
    }

    /// Something that is not there.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::object(StatusCode::NOT_FOUND, "NotFoundError", message, "not_found")
    }

    /// Routes between servers, on a server that is not told to have them.
    pub(super) fn scale_out_disabled() -> Self {
        const MESSAGE: &str =
            "Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable them.";
        Self::object(StatusCode::FORBIDDEN, "PermissionDeniedError", MESSAGE, "403")
    }

    fn object(status: StatusCode, kind: &'static str, message: impl Into<String>, name: &'static str) -> Self {
        Self::Object(ErrorObject { status, message: message.into(), kind, param: None, name })
    }

    /// The body's `error` object, as `features` has it; `None` for errors without one.
    pub(super) fn json(&self, features: &Features) -> Option<Value> {
        let Self::Object(error) = self else { return None };
        let param = error.param.as_ref().filter(|_| features.error_param == ErrorParam::Named);
        let (kind, code) = match features.error_code {
            ErrorCode::Status => {
                let uncaught = features.internal_errors == InternalErrors::Uncaught;
                let internal = error.status == StatusCode::INTERNAL_SERVER_ERROR && uncaught;
                (if internal { "InternalServerError" } else { error.kind }, Value::from(error.status.as_u16()))
            }
            // this refusal is written by hand in both frontends
            ErrorCode::Name if error.status == StatusCode::FORBIDDEN => (error.kind, error.name.into()),
            ErrorCode::Name if error.status.is_server_error() => ("server_error", error.name.into()),
            ErrorCode::Name => ("invalid_request_error", error.name.into()),
        };
        Some(json!({"error": {"message": error.message, "type": kind, "param": param, "code": code}}))
    }

    /// The whole answer.
    pub(super) fn response(&self, features: &Features) -> Response {
        let named = features.error_code == ErrorCode::Name;
        match self {
            Self::Object(error) => json_response(error.status, self.json(features).unwrap_or_default().to_string()),
            Self::Detail(status, _) if named => status_only(*status),
            Self::Detail(status, detail) => json_response(*status, json!({ "detail": detail }).to_string()),
            Self::Uncaught => {
                let mut response = Response::new(Body::from("Internal Server Error"));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
                response
            }
            Self::Unauthorized => json_response(StatusCode::UNAUTHORIZED, r#"{"error":"Unauthorized"}"#.to_owned()),
        }
    }
}

/// A JSON answer.
pub(super) fn json_response(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer without a body.
pub(super) fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Wire;

    #[track_caller]
    fn check(version: &str, expect: &str) {
        let wire = Wire::of(version.parse().unwrap()).unwrap();
        let error = ApiError::unknown_model("The model `nope` does not exist.");
        assert_eq!(error.json(&wire.features).unwrap().to_string(), expect);
    }

    #[test]
    fn an_unknown_model_is_reported_as_recorded() {
        check(
            "0.13.0",
            r#"{"error":{"message":"The model `nope` does not exist.","type":"NotFoundError","param":null,"code":404}}"#,
        );
        check(
            "0.32.0-rust",
            r#"{"error":{"message":"The model `nope` does not exist.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
        );
    }
}
