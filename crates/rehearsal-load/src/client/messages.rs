//! `/v1/messages`: events and whole answers of Anthropic's API.
//!
//! `content_block_delta` carries tokens, unless it is a signature; a block of a tool's call also does when it begins,
//! with the tool's name. The prompt is counted in three parts: what was read from the cache, what was put into it, and the
//! rest.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    ChunkKind, FinishReason, TokenUsage,
    said::{Said, Text},
    wire::ErrorText,
};

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    content_block: Option<Block>,
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    error: Option<ErrorText>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    error: Option<ErrorText>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
}

#[derive(Deserialize, Clone, Copy, Default)]
struct Usage {
    #[serde(default, rename = "input_tokens")]
    input: Option<u64>,
    #[serde(default, rename = "output_tokens")]
    output: Option<u64>,
    #[serde(default, rename = "cache_creation_input_tokens")]
    cache_creation: Option<u64>,
    #[serde(default, rename = "cache_read_input_tokens")]
    cache_read: Option<u64>,
}

/// Reads one event.
pub(super) fn event(json: &[u8]) -> Result<Said, serde_json::Error> {
    let event: Event = serde_json::from_slice(json)?;
    if let Some(ErrorText(message)) = event.error {
        let message = message.unwrap_or_else(|| "error event without a message".to_owned());
        return Ok(Said { error: Some(message), ..Said::default() });
    }
    Ok(match event.kind.as_deref().unwrap_or_default() {
        "message_start" => {
            let message = event.message;
            let (model, usage) = message.map_or((None, None), |message| (message.model, message.usage));
            Said { model, usage: usage.map(TokenUsage::from), ..Said::default() }
        }
        "content_block_start" => {
            let is_call = event.content_block.is_some_and(|it| it.kind.is_some_and(|kind| kind.ends_with("tool_use")));
            Said { tokens: is_call.then_some((ChunkKind::ToolCall, Text::Some)), ..Said::default() }
        }
        "content_block_delta" => Said { tokens: event.delta.and_then(carried), ..Said::default() },
        "message_delta" => Said {
            finish: event.delta.and_then(|delta| delta.stop_reason).map(|reason| finish(&reason)),
            usage: event.usage.map(TokenUsage::from),
            ..Said::default()
        },
        "message_stop" => Said { is_end: true, ..Said::default() },
        _ => Said::default(),
    })
}

/// Reads a whole answer; `None` where it has no `content`.
pub(super) fn whole(json: &[u8]) -> Result<Option<Said>, serde_json::Error> {
    let message: Message = serde_json::from_slice(json)?;
    if message.content.is_none() && message.error.is_none() {
        return Ok(None);
    }
    Ok(Some(Said {
        finish: message.stop_reason.map(|reason| finish(&reason)),
        usage: message.usage.map(TokenUsage::from),
        error: message.error.and_then(|ErrorText(text)| text),
        model: message.model,
        ..Said::default()
    }))
}

fn carried(delta: Delta) -> Option<(ChunkKind, Text)> {
    let Delta { text, thinking, partial_json, .. } = delta;
    let of = |kind, text: Option<String>| text.map(|text| (kind, Text::of(&text)));
    of(ChunkKind::Content, text)
        .or_else(|| of(ChunkKind::Reasoning, thinking))
        .or_else(|| of(ChunkKind::ToolCall, partial_json))
}

fn finish(reason: &str) -> FinishReason {
    match reason {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        other => FinishReason::from_wire(other),
    }
}

impl From<Usage> for TokenUsage {
    fn from(wire: Usage) -> Self {
        let (read, created) = (wire.cache_read, wire.cache_creation);
        Self {
            prompt_tokens: wire.input.map(|input| input + read.unwrap_or(0) + created.unwrap_or(0)),
            completion_tokens: wire.output,
            // Anthropic's API has no total
            total_tokens: None,
            cached_tokens: read,
            reasoning_tokens: None,
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
    fn deltas_and_calls_carry_tokens_and_signatures_do_not() {
        let tokens = |kind, text| Said { tokens: Some((kind, text)), ..Said::default() };
        let delta = |delta: &str| format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
        check(&delta(r#"{"type":"text_delta","text":" x"}"#), tokens(ChunkKind::Content, Text::Some));
        check(&delta(r#"{"type":"thinking_delta","thinking":""}"#), tokens(ChunkKind::Reasoning, Text::Empty));
        check(&delta(r#"{"type":"input_json_delta","partial_json":"{"}"#), tokens(ChunkKind::ToolCall, Text::Some));
        check(&delta(r#"{"type":"signature_delta","signature":"ab"}"#), Said::default());
        let start = |kind: &str| format!(r#"{{"type":"content_block_start","content_block":{{"type":"{kind}"}}}}"#);
        check(&start("tool_use"), tokens(ChunkKind::ToolCall, Text::Some));
        check(&start("text"), Said::default());
        check(r#"{"type":"ping"}"#, Said::default());
    }

    #[test]
    fn the_parts_of_the_prompt_are_added_up() {
        let json = r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"input_tokens":4,"output_tokens":6,
                       "cache_read_input_tokens":80,"cache_creation_input_tokens":5}}"#;
        let usage = TokenUsage {
            prompt_tokens: Some(89),
            completion_tokens: Some(6),
            cached_tokens: Some(80),
            ..TokenUsage::default()
        };
        check(json, Said { finish: Some(FinishReason::Length), usage: Some(usage), ..Said::default() });
    }

    #[test]
    fn an_error_is_one_wherever_it_comes() {
        let error = Said { error: Some("overloaded".into()), ..Said::default() };
        check(r#"{"type":"error","error":{"type":"overloaded_error","message":"overloaded"}}"#, error);
    }
}
