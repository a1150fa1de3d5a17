//! The body of `/v1/chat/completions`, and what is refused of it before it is rendered.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    body::RequestBody,
    message::{ChatMessage, check_messages},
    refusal::Refusal,
    sampling_fields::{refuse_unsupported, request_type, yes},
    structured::ResponseFormat,
    tool::{Tool, ToolChoice, only_functions},
    violations::Violations,
};

/// How much a model may think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReasoningEffort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl ReasoningEffort {
    /// As a template gets it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }
}

request_type! {
    /// A chat as asked for. Its fields are 63, as an error about a list in its place says.
    struct ChatCompletionRequest {
        pub(super) messages: Vec<ChatMessage>,
        #[serde(default)]
        pub(super) logprobs: bool,
        pub(super) top_logprobs: Option<i32>,
        pub(super) max_tokens: Option<u32>,
        pub(super) max_completion_tokens: Option<u32>,
        pub(super) response_format: Option<ResponseFormat>,
        pub(super) tools: Option<Vec<Tool>>,
        pub(super) tool_choice: Option<ToolChoice>,
        pub(super) reasoning_effort: Option<ReasoningEffort>,
        pub(super) parallel_tool_calls: Option<bool>,
        #[serde(default = "yes")]
        pub(super) include_reasoning: bool,
        pub(super) add_generation_prompt: Option<bool>,
        #[serde(default)]
        pub(super) continue_final_message: bool,
        #[serde(default)]
        add_special_tokens: bool,
        pub(super) documents: Option<Vec<Value>>,
        pub(super) chat_template: Option<String>,
        pub(super) chat_template_kwargs: Option<Map<String, Value>>,
        media_io_kwargs: Option<Map<String, Value>>,
        mm_processor_kwargs: Option<Map<String, Value>>,
        session_id: Option<String>,
        // the types of these four are not known from recordings: whatever they hold is taken
        logprob_token_ids: Option<Value>,
        truncation_side: Option<Value>,
        routed_experts_prompt_start: Option<Value>,
        stream_interval: Option<Value>,
    }
}

impl RequestBody for ChatCompletionRequest {
    fn normalize(&mut self) {
        if self.max_completion_tokens.is_none() {
            self.max_completion_tokens = self.max_tokens.take();
        }
    }

    fn check(&self, rules: &mut Violations) {
        check_messages(&self.messages, rules);
        rules.range("frequency_penalty", self.frequency_penalty, Some(-2.0), Some(2.0));
        rules.range("top_logprobs", self.top_logprobs, Some(-1), None);
        rules.range("max_tokens", self.max_tokens, Some(1), None);
        rules.range("max_completion_tokens", self.max_completion_tokens, Some(1), None);
        rules.range("n", self.n, Some(1), Some(10));
        rules.range("presence_penalty", self.presence_penalty, Some(-2.0), Some(2.0));
        if let Some(stop) = &self.stop {
            stop.check(rules);
        }
        rules.range("temperature", self.temperature, Some(0.0), Some(2.0));
        if let Some(top_p) = self.top_p.filter(|top_p| *top_p <= 0.0 || 1.0 < *top_p) {
            rules.custom("top_p", &top_p, "top_p must be in (0, 1] - greater than 0.0 and at most 1.0");
        }
        rules.range("min_p", self.min_p, Some(0.0), Some(1.0));
        rules.range("repetition_penalty", self.repetition_penalty, Some(0.0), Some(2.0));
        rules.not_empty("cache_salt", self.cache_salt.as_deref());
        let exceeds = |most: Option<u32>| self.min_tokens.zip(most).is_some_and(|(least, most)| most < least);
        rules.together(
            self.top_logprobs.is_some() && !self.logprobs,
            "top_logprobs is only allowed when logprobs is enabled",
        );
        rules.together(
            self.stream_options.is_some() && !self.stream,
            "stream_options can only be used when stream is true",
        );
        rules.together(exceeds(self.max_completion_tokens), "min_tokens cannot be greater than max_completion_tokens");
        rules.together(exceeds(self.max_tokens), "min_tokens cannot be greater than max_tokens");
    }
}

impl ChatCompletionRequest {
    /// What the server does not do, once the model is known to be served.
    pub(super) fn check_compatibility(&self) -> Result<(), Refusal> {
        let prompt_logprobs = self.prompt_logprobs.unwrap_or(0);
        refuse_unsupported([
            (self.n.is_some_and(|n| 1 < n), "n", "Only n=1 is supported."),
            (prompt_logprobs < -1, "prompt_logprobs", "prompt_logprobs must be a non-negative value or -1."),
            (
                self.stream && prompt_logprobs != 0,
                "prompt_logprobs",
                "prompt_logprobs are not available when stream=true.",
            ),
        ])?;
        only_functions(self.tools(), "tools")?;
        for message in &self.messages {
            only_functions(message.tools(), "messages[].tools")?;
        }
        self.check_supported()?;
        refuse_unsupported([
            (self.media_io_kwargs.is_some(), "media_io_kwargs", "media_io_kwargs is not supported."),
            (self.mm_processor_kwargs.is_some(), "mm_processor_kwargs", "mm_processor_kwargs is not supported."),
        ])?;
        self.messages.iter().try_for_each(ChatMessage::check_meaning)
    }

    /// The tools that come with it.
    pub(super) fn tools(&self) -> &[Tool] {
        self.tools.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(body: &str, expect: &str) {
        let error = serde_json::from_str::<ChatCompletionRequest>(body).unwrap_err();
        assert_eq!(error.to_string(), expect);
    }

    /// Recorded, behind the sentence that axum puts before it.
    #[test]
    fn a_list_is_told_how_many_fields_there_are() {
        refused("[]", "invalid length 0, expected struct ChatCompletionRequest with 63 elements at line 1 column 2");
        refused("null", "invalid type: null, expected struct ChatCompletionRequest at line 1 column 4");
        refused("{}", "missing field `messages` at line 1 column 2");
    }
}
