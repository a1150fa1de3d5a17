//! What OpenAI's API has, as far as requests of this suite go: under [`ServerProfile::OpenAiSpec`](crate::ServerProfile) nothing else is
//! sent, so that no server is judged by vLLM's additions.
//!
//! The names are those of OpenAI's `OpenAPI` description as its Python client 3.57.0 has them, in
//! `types/chat/completion_create_params.py`, `types/chat/chat_completion_stream_options_param.py`,
//! `types/completion_create_params.py` and `types/responses/response_create_params.py`.

use serde_json::{Map, Value};

use crate::call::{Call, Payload};

const CHAT: [&str; 37] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "metadata",
    "modalities",
    "model",
    "moderation",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
    "web_search_options",
];

const COMPLETIONS: [&str; 18] = [
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "model",
    "n",
    "presence_penalty",
    "prompt",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "suffix",
    "temperature",
    "top_p",
    "user",
];

const RESPONSES: [&str; 33] = [
    "background",
    "context_management",
    "conversation",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "background_options",
    "access_programs",
];

const STREAM_OPTIONS: [&str; 2] = ["include_obfuscation", "include_usage"];

/// What of this call OpenAI's API does not have; `None` where it has all of it.
pub(crate) fn foreign(call: &Call) -> Option<String> {
    let known: &[&str] = match call.path.as_str() {
        "/v1/chat/completions" => &CHAT,
        "/v1/completions" => &COMPLETIONS,
        "/v1/responses" => &RESPONSES,
        "/v1/messages" => return Some("`/v1/messages` is no path of OpenAI's API".into()),
        path if path.starts_with("/v1/") => return None,
        path => return Some(format!("`{path}` is no path of OpenAI's API")),
    };
    let Payload::Json(Value::Object(body)) = &call.body else { return None };
    let options = body.get("stream_options").and_then(Value::as_object);
    let name = stranger(body, known).or_else(|| stranger(options?, &STREAM_OPTIONS))?;
    Some(format!("sends `{name}`, which is no parameter of OpenAI's API"))
}

fn stranger<'m>(members: &'m Map<String, Value>, known: &[&str]) -> Option<&'m str> {
    members.keys().map(String::as_str).find(|name| !known.contains(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, body: Value, expected: Option<&str>) {
        assert_eq!(foreign(&Call::post(path, body)).as_deref(), expected);
    }

    #[test]
    fn what_only_vllm_has_is_named() {
        check("/v1/chat/completions", json!({"model": "m", "messages": [], "stream_options": null}), None);
        check(
            "/v1/chat/completions",
            json!({"messages": [], "ignore_eos": true}),
            Some("sends `ignore_eos`, which is no parameter of OpenAI's API"),
        );
        check(
            "/v1/completions",
            json!({"prompt": "a", "stream_options": {"include_usage": true, "continuous_usage_stats": true}}),
            Some("sends `continuous_usage_stats`, which is no parameter of OpenAI's API"),
        );
        check("/tokenize", json!({"prompt": "a"}), Some("`/tokenize` is no path of OpenAI's API"));
        check("/v1/rehearsal-no-such-route", json!({}), None);
        assert_eq!(foreign(&Call::post_raw("/v1/completions", "application/json", "[]")), None);
    }
}
