//! `/v1/responses`: events and whole answers.
//!
//! Every event whose type ends in `.delta` carries tokens; the call of a function also does when its name is added. The
//! last event holds the whole response, its usage included; there is no `[DONE]`.

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    ChunkKind, FinishReason, TokenUsage,
    said::{Said, Text},
    wire::ErrorText,
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delta: Option<Cow<'a, str>>,
    #[serde(default)]
    item: Option<Item>,
    #[serde(default)]
    response: Option<Response>,
    #[serde(default)]
    error: Option<ErrorText>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    output: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    incomplete_details: Option<IncompleteDetails>,
    #[serde(default)]
    error: Option<ErrorText>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    model: Option<String>,
}

#[derive(Deserialize)]
struct IncompleteDetails {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    total_tokens: Option<u64>,
    #[serde(default)]
    input_tokens_details: Option<InputDetails>,
    #[serde(default)]
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    #[serde(default)]
    reasoning_tokens: Option<u64>,
}

/// Reads one event.
pub(super) fn event(json: &[u8]) -> Result<Said, serde_json::Error> {
    let event: Event<'_> = serde_json::from_slice(json)?;
    let kind = event.kind.as_deref().unwrap_or_default();
    if let Some(ErrorText(Some(message))) = event.error {
        return Ok(Said { error: Some(message), ..Said::default() });
    }
    if kind == "error" {
        let message = event.message.unwrap_or_else(|| "error event without a message".to_owned());
        return Ok(Said { error: Some(message), ..Said::default() });
    }
    if kind.rsplit('.').next() == Some("delta") {
        let text = Text::of(event.delta.as_deref().unwrap_or_default());
        return Ok(Said { tokens: Some((chunk_kind(kind), text)), ..Said::default() });
    }
    let adds_call = kind == "response.output_item.added"
        && event.item.is_some_and(|item| item.kind.is_some_and(|kind| kind.ends_with("_call")));
    if adds_call {
        return Ok(Said { tokens: Some((ChunkKind::ToolCall, Text::Some)), ..Said::default() });
    }
    let is_end = matches!(kind, "response.completed" | "response.incomplete" | "response.failed");
    Ok(match event.response {
        Some(response) if is_end => Said { is_end, ..said(response) },
        Some(response) => Said { model: response.model, ..Said::default() },
        None => Said { is_end, ..Said::default() },
    })
}

/// Reads a whole answer; `None` where it has no `output`.
pub(super) fn whole(json: &[u8]) -> Result<Option<Said>, serde_json::Error> {
    let response: Response = serde_json::from_slice(json)?;
    let is_answer = response.output.is_some() || response.error.is_some();
    Ok(is_answer.then(|| said(response)))
}

fn said(response: Response) -> Said {
    let reason = response.incomplete_details.and_then(|details| details.reason);
    let finish = match (response.status.as_deref(), reason.as_deref()) {
        (Some("completed" | "incomplete"), Some("max_output_tokens")) => Some(FinishReason::Length),
        (Some("completed" | "incomplete"), Some("content_filter")) => Some(FinishReason::ContentFilter),
        (Some("completed"), None) => Some(FinishReason::Stop),
        (Some("completed" | "incomplete"), _) => Some(FinishReason::Other),
        (Some("failed"), _) => Some(FinishReason::Error),
        (Some("cancelled"), _) => Some(FinishReason::Abort),
        _ => None,
    };
    Said {
        finish,
        usage: response.usage.map(TokenUsage::from),
        error: response.error.and_then(|ErrorText(message)| message),
        model: response.model,
        ..Said::default()
    }
}

fn chunk_kind(event: &str) -> ChunkKind {
    match event {
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => ChunkKind::Reasoning,
        "response.output_text.delta" | "response.refusal.delta" => ChunkKind::Content,
        // arguments of functions and of MCP tools, code of the interpreter
        _ => ChunkKind::ToolCall,
    }
}

impl From<Usage> for TokenUsage {
    fn from(wire: Usage) -> Self {
        Self {
            prompt_tokens: wire.input_tokens,
            completion_tokens: wire.output_tokens,
            total_tokens: wire.total_tokens,
            cached_tokens: wire.input_tokens_details.and_then(|details| details.cached_tokens),
            reasoning_tokens: wire.output_tokens_details.and_then(|details| details.reasoning_tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expect: Said) {
        assert_eq!(event(json.as_bytes()).ok(), Some(expect), "{json}");
    }

    #[test]
    fn deltas_and_added_calls_carry_tokens() {
        let tokens = |kind, text| Said { tokens: Some((kind, text)), ..Said::default() };
        check(r#"{"type":"response.output_text.delta","delta":"\n"}"#, tokens(ChunkKind::Content, Text::Some));
        check(r#"{"type":"response.reasoning_text.delta","delta":""}"#, tokens(ChunkKind::Reasoning, Text::Empty));
        check(
            r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#,
            tokens(ChunkKind::ToolCall, Text::Some),
        );
        let item = |kind: &str| format!(r#"{{"type":"response.output_item.added","item":{{"type":"{kind}"}}}}"#);
        check(&item("function_call"), tokens(ChunkKind::ToolCall, Text::Some));
        check(&item("message"), Said::default());
        check(r#"{"type":"response.output_text.done","text":"all"}"#, Said::default());
    }

    #[test]
    fn the_last_event_has_the_usage_and_the_reason() {
        let usage =
            r#"{"input_tokens":14,"output_tokens":6,"total_tokens":20,"input_tokens_details":{"cached_tokens":2}}"#;
        let done = |status: &str, details: &str| {
            format!(
                r#"{{"type":"response.{status}","response":{{"status":"{status}","incomplete_details":{details},"usage":{usage}}}}}"#
            )
        };
        let counts = TokenUsage { cached_tokens: Some(2), ..TokenUsage::new(14, 6) };
        let expect = |finish| Said { finish: Some(finish), usage: Some(counts), is_end: true, ..Said::default() };
        check(&done("completed", "null"), expect(FinishReason::Stop));
        // 0.32.0 calls a response completed that ran out of tokens
        check(&done("completed", r#"{"reason":"max_output_tokens"}"#), expect(FinishReason::Length));
        check(&done("incomplete", r#"{"reason":"max_output_tokens"}"#), expect(FinishReason::Length));
    }

    #[test]
    fn errors_are_found_in_each_of_their_places() {
        let error = |text: &str| Said { error: Some(text.to_owned()), ..Said::default() };
        check(r#"{"type":"error","message":"no"}"#, error("no"));
        check(r#"{"error":{"message":"no","code":500}}"#, error("no"));
        let failed = r#"{"type":"response.failed","response":{"status":"failed","error":{"message":"no"}}}"#;
        check(failed, Said { is_end: true, finish: Some(FinishReason::Error), ..error("no") });
    }
}
