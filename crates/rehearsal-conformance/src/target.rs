//! The server under test: how to reach it, and what only its owner can tell about it.

use std::{collections::BTreeSet, fmt, io, sync::Arc, time::Duration};

use rehearsal_load::transport::{ConnectionMode, HttpTransport, StreamTransport, Transport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

/// A start-up flag of `vllm serve` that changes answers and cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServerFlag {
    /// `--enable-force-include-usage`.
    EnableForceIncludeUsage,
    /// `--enable-prompt-tokens-details`.
    EnablePromptTokensDetails,
    /// `--enable-request-id-headers`.
    EnableRequestIdHeaders,
    /// `--api-key`: the target's key is demanded by the server.
    ApiKey,
    /// `--enable-auto-tool-choice`, with a `--tool-call-parser`.
    EnableAutoToolChoice,
    /// `--reasoning-parser`.
    ReasoningParser,
    /// Speculative decoding of any kind.
    SpeculativeConfig,
    /// `--max-num-queued-reqs`.
    MaxNumQueuedReqs,
    /// `--sse-keep-alive-interval`.
    SseKeepAliveInterval,
    /// `--generation-config` of a model whose file has `max_new_tokens`, or the file of the model itself, which is the flag's default.
    GenerationConfig,
    /// `--override-generation-config` with `max_new_tokens`.
    OverrideGenerationConfig,
    /// `--num-gpu-blocks-override`, or another KV cache so small that requests are preempted.
    NumGpuBlocksOverride,
}

impl ServerFlag {
    /// Every flag.
    pub const ALL: [Self; 12] = [
        Self::EnableForceIncludeUsage,
        Self::EnablePromptTokensDetails,
        Self::EnableRequestIdHeaders,
        Self::ApiKey,
        Self::EnableAutoToolChoice,
        Self::ReasoningParser,
        Self::SpeculativeConfig,
        Self::MaxNumQueuedReqs,
        Self::SseKeepAliveInterval,
        Self::GenerationConfig,
        Self::OverrideGenerationConfig,
        Self::NumGpuBlocksOverride,
    ];

    /// The flag as it is written on `vllm serve`'s command line.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::EnableForceIncludeUsage => "--enable-force-include-usage",
            Self::EnablePromptTokensDetails => "--enable-prompt-tokens-details",
            Self::EnableRequestIdHeaders => "--enable-request-id-headers",
            Self::ApiKey => "--api-key",
            Self::EnableAutoToolChoice => "--enable-auto-tool-choice",
            Self::ReasoningParser => "--reasoning-parser",
            Self::SpeculativeConfig => "--speculative-config",
            Self::MaxNumQueuedReqs => "--max-num-queued-reqs",
            Self::SseKeepAliveInterval => "--sse-keep-alive-interval",
            Self::GenerationConfig => "--generation-config",
            Self::OverrideGenerationConfig => "--override-generation-config",
            Self::NumGpuBlocksOverride => "--num-gpu-blocks-override",
        }
    }
}

/// The address of a target cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It does not parse, or is not HTTP.
    #[error("base URL `{url}`: {reason}; write for example http://127.0.0.1:8000")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No client could be built for it.
    #[error("no HTTP client for `{url}`: {reason}; check the system's TLS set-up")]
    Client {
        /// What was given.
        url: String,
        /// What the client said.
        reason: String,
    },
}

/// A server to run the suite against.
///
/// The same cases run against a server behind a URL and against one in the same process, reached over a byte stream.
#[must_use = "a target does nothing until a suite runs against it"]
pub struct Target {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) base: String,
    pub(crate) name: String,
    pub(crate) api_key: Option<String>,
    pub(crate) flags: BTreeSet<ServerFlag>,
    pub(crate) timeout: Duration,
    pub(crate) body_limit: usize,
    pub(crate) eos_token: Option<u32>,
}

impl Target {
    /// A server behind a URL, with or without a trailing `/v1`. Each request opens its own connection, so that
    /// no verdict hangs on a kept one that the server has closed.
    pub fn url(base_url: &str) -> Result<Self, TargetError> {
        let refused = |reason: String| TargetError::Url { url: base_url.to_owned(), reason };
        let url = Url::parse(base_url).map_err(|error| refused(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(format!("scheme `{}` is not http or https", url.scheme())));
        }
        let transport = HttpTransport::new(ConnectionMode::PerRequest)
            .map_err(|error| TargetError::Client { url: base_url.to_owned(), reason: error.to_string() })?;
        let base = url.as_str().trim_end_matches('/').trim_end_matches("/v1").trim_end_matches('/').to_owned();
        Ok(Self::new(base, transport))
    }

    /// A server in the same process: `connector` opens one byte stream for each request.
    pub fn in_memory<S, C, F>(name: &str, connector: C) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        let target = Self::new("http://in-memory", StreamTransport::new(connector));
        Self { name: name.to_owned(), ..target }
    }

    /// A server behind any [`Transport`]; `base` is the URL without `/v1`.
    pub fn new(base: impl Into<String>, transport: impl Transport + 'static) -> Self {
        let base = base.into();
        Self {
            transport: Arc::new(transport),
            name: base.clone(),
            base,
            api_key: None,
            flags: BTreeSet::new(),
            timeout: Duration::from_mins(1),
            body_limit: 64 * 1024 * 1024,
            eos_token: None,
        }
    }

    /// Sends this key as a bearer token. It never appears in a report.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Says that the server was started with `flag`.
    pub fn started_with(mut self, flag: ServerFlag) -> Self {
        self.flags.insert(flag);
        self
    }

    /// How long one exchange may take, from sending to the last byte; 60 s unless said.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes one answer may have; 64 MiB unless said. A longer one is cut off and judged as endless.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The id of the model's end-of-sequence token, where the suite cannot find it by itself.
    pub fn eos_token(mut self, id: u32) -> Self {
        self.eos_token = Some(id);
        self
    }

    /// What reports call the target.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("flags", &self.flags)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_end_in_v1_or_not() {
        for url in ["http://h:8000", "http://h:8000/", "http://h:8000/v1", "http://h:8000/v1/"] {
            assert_eq!(Target::url(url).unwrap().base, "http://h:8000", "{url}");
        }
        assert_eq!(Target::url("https://h/proxy/v1").unwrap().base, "https://h/proxy");
    }

    #[test]
    fn a_base_url_that_is_none_is_named() {
        let error = Target::url("localhost:8000").unwrap_err();
        assert_eq!(
            error.to_string(),
            "base URL `localhost:8000`: scheme `localhost` is not http or https; write for example http://127.0.0.1:8000"
        );
        assert!(Target::url("not a url").is_err());
    }

    #[test]
    fn the_key_is_not_in_the_debug_text() {
        let target = Target::url("http://h").unwrap().api_key("sk-secret");
        assert!(!format!("{target:?}").contains("sk-secret"));
    }
}
