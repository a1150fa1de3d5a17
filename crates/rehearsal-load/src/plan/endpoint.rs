//! Which API is measured, and the URL that follows from a base URL.

use std::fmt;

use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::PlanError;

/// An OpenAI-compatible generation API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/v1/chat/completions`. The default.
    #[default]
    Chat,
    /// `/v1/completions`.
    Completions,
    /// `/v1/responses`, whose streams are typed events.
    Responses,
    /// `/v1/messages`, Anthropic's API, whose streams are typed events.
    Messages,
    /// `/v1/embeddings`: no output tokens, and nothing to stream.
    Embeddings,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/v1/{}", self.path())
    }
}

impl Endpoint {
    /// The path below `/v1`.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
        }
    }
}

impl Endpoint {
    /// Whether a stream states its usage only when asked; those of typed events always do.
    pub(crate) fn has_stream_options(self) -> bool {
        matches!(self, Self::Chat | Self::Completions)
    }

    /// What a stream lacks that ends too early, in words.
    pub(crate) fn missing_end(self) -> &'static str {
        match self {
            Self::Responses => "the stream ends without response.completed",
            Self::Messages => "the stream ends without message_stop",
            _ => "the stream ends without [DONE]",
        }
    }
}

/// The URL of the `/metrics` page beside the API at `base_url`, in whichever of its forms.
pub fn metrics_url(base_url: &str) -> Result<Uri, PlanError> {
    let url = request_url(base_url, Endpoint::Chat)?.to_string();
    let page = url.replacen("/v1/chat/completions", "/metrics", 1);
    page.parse().map_err(|error: http::uri::InvalidUri| PlanError::BaseUrl { url, reason: error.to_string() })
}

/// The URL of `endpoint` on the server at `base_url`, which may end in `/v1`, in the endpoint's own path, or in neither.
pub fn request_url(base_url: &str, endpoint: Endpoint) -> Result<Uri, PlanError> {
    let wrong = |reason: String| PlanError::BaseUrl { url: base_url.to_owned(), reason };
    let mut url = Url::parse(base_url).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("scheme `{}` is not http or https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or a password; pass a key as the API key".into()));
    }

    let base_path = url.path().trim_end_matches('/');
    let base_path = base_path.strip_suffix(endpoint.path()).map_or(base_path, |rest| rest.trim_end_matches('/'));
    let base_path = base_path.strip_suffix("/v1").unwrap_or(base_path);
    let path = format!("{base_path}/v1/{}", endpoint.path());
    url.set_path(&path);
    url.set_fragment(None);
    url.as_str().parse().map_err(|error: http::uri::InvalidUri| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base_url: &str, expect: &str) {
        assert_eq!(request_url(base_url, Endpoint::Chat).unwrap().to_string(), expect);
    }

    #[test]
    fn a_base_url_works_with_and_without_v1() {
        let expect = "http://127.0.0.1:8000/v1/chat/completions";
        check("http://127.0.0.1:8000", expect);
        check("http://127.0.0.1:8000/", expect);
        check("http://127.0.0.1:8000/v1", expect);
        check("http://127.0.0.1:8000/v1/", expect);
        check("http://127.0.0.1:8000/v1/chat/completions", expect);
    }

    #[test]
    fn a_prefix_and_a_query_are_kept() {
        check("https://host/tenant/v1", "https://host/tenant/v1/chat/completions");
        check("https://host/openai?api-version=1", "https://host/openai/v1/chat/completions?api-version=1");
    }

    #[test]
    fn the_metrics_page_is_beside_the_api() {
        for base_url in ["http://host:1", "http://host:1/v1", "http://host:1/v1/chat/completions/"] {
            assert_eq!(metrics_url(base_url).unwrap().to_string(), "http://host:1/metrics");
        }
        assert_eq!(metrics_url("https://host/tenant/v1").unwrap().to_string(), "https://host/tenant/metrics");
        assert!(metrics_url("host:1").is_err());
    }

    #[test]
    fn a_base_url_without_a_scheme_is_refused_with_an_example() {
        for url in ["127.0.0.1:8000", "localhost:8000", "", "ftp://host"] {
            let message = request_url(url, Endpoint::Chat).unwrap_err().to_string();
            assert!(message.contains(url) && message.contains("http://127.0.0.1:8000"), "{message}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused() {
        assert!(request_url("http://me:secret@host", Endpoint::Completions).is_err());
    }
}
