//! The body of `/v1/completions`, and what is refused of it before it is tokenised.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    body::RequestBody,
    refusal::Refusal,
    sampling_fields::{refuse_unsupported, request_type},
    violations::Violations,
};

/// `max_tokens` where it is absent or null.
const DEFAULT_MAX_TOKENS: u32 = 16;

/// One prompt: this frontend takes no lists of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Prompt {
    Text(String),
    TokenIds(Vec<u32>),
}

request_type! {
    /// A completion as asked for.
    struct CompletionRequest {
        pub(super) prompt: Prompt,
        pub(super) logprobs: Option<i32>,
        max_tokens: Option<u32>,
        suffix: Option<String>,
        add_special_tokens: Option<bool>,
        pub(super) response_format: Option<Value>,
        // what is collected here has no effect; that it is collected is why a list in the body's place is refused as it is
        #[serde(flatten)]
        other: Map<String, Value>,
    }
}

impl RequestBody for CompletionRequest {
    fn check(&self, rules: &mut Violations) {
        if let Some(stop) = &self.stop {
            stop.check(rules);
        }
        rules.not_empty("cache_salt", self.cache_salt.as_deref());
    }
}

impl CompletionRequest {
    /// `max_tokens`, or what stands for it.
    pub(super) fn max_tokens(&self) -> u32 {
        self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS)
    }

    /// Whether the prompt alone is wanted back. The engine cannot generate nothing, so one token stays hidden.
    pub(super) fn prompt_only(&self) -> bool {
        self.echo && self.max_tokens() == 0
    }

    /// What the server does not do, once the model is known to be served.
    pub(super) fn check_compatibility(&self) -> Result<(), Refusal> {
        let prompt_logprobs = self.prompt_logprobs.unwrap_or(0);
        refuse_unsupported([
            (
                self.stream_options.is_some() && !self.stream,
                "stream_options",
                "stream_options are only supported when stream=true.",
            ),
            (self.n.is_some_and(|n| 1 < n), "n", "Only n=1 is supported."),
            (self.max_tokens() == 0 && !self.echo, "max_tokens", "max_tokens=0 is only supported when echo=true."),
            (self.suffix.is_some(), "suffix", "suffix is not supported."),
            (
                self.logprobs.is_some_and(|logprobs| logprobs < -1),
                "logprobs",
                "`logprobs` must be a non-negative value or -1.",
            ),
            (
                self.stream && (0 < prompt_logprobs || prompt_logprobs == -1),
                "prompt_logprobs",
                "`prompt_logprobs` are not available when `stream=true`.",
            ),
            (prompt_logprobs < -1, "prompt_logprobs", "`prompt_logprobs` must be a non-negative value or -1."),
        ])?;
        self.check_supported()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(body: &str, expect: &str) {
        let error = serde_json::from_str::<CompletionRequest>(body).unwrap_err();
        assert_eq!(error.to_string(), expect);
    }

    /// Recorded, behind the sentence that axum puts before it.
    #[test]
    fn lists_are_no_requests_and_no_prompts() {
        refused("[]", "invalid type: sequence, expected struct CompletionRequest at line 1 column 0");
        refused(
            r#"{"prompt": ["a", "b"]}"#,
            "data did not match any variant of untagged enum Prompt at line 1 column 22",
        );
        refused(
            r#"{"prompt": "a", "top_k": -2}"#,
            "top_k must be -1, 0, or a positive integer, got -2 at line 1 column 28",
        );
    }
}
