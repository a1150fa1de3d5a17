//! Everything that is known of one request, as instants since the run's start.

use std::{sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FinishReasons, ServerTimes, StreamMarks, TokenUsage, Verdict};
use crate::plan::Streaming;

/// What a token-carrying chunk carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChunkKind {
    /// Text of the answer.
    Content,
    /// Text of the reasoning before it (`reasoning` or `reasoning_content`).
    Reasoning,
    /// A piece of a tool call.
    ToolCall,
}

/// One chunk of one choice that carries at least one output token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenChunk {
    /// When its bytes arrived.
    pub at: Duration,
    /// Which choice it belongs to; 0 unless `n > 1`.
    pub choice: u32,
    /// What it carries.
    pub kind: ChunkKind,
    /// How many tokens it holds, where continuous usage tells; `None` is unknown, not one.
    pub tokens: Option<u32>,
}

/// Why a choice ended, as the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// End of sequence, or a stop string or stop token.
    Stop,
    /// `max_tokens` or the context's end.
    Length,
    /// The answer is tool calls.
    ToolCalls,
    /// The answer is a call in the older form.
    FunctionCall,
    /// A filter stopped it.
    ContentFilter,
    /// vLLM stopped an answer that repeats itself.
    Repetition,
    /// The server gave the request up.
    Abort,
    /// The server failed.
    Error,
    /// A word that is not listed here.
    Other,
}

impl FinishReason {
    pub(super) fn from_wire(word: &str) -> Self {
        match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            "tool_calls" => Self::ToolCalls,
            "function_call" => Self::FunctionCall,
            "content_filter" => Self::ContentFilter,
            "repetition" => Self::Repetition,
            "abort" => Self::Abort,
            "error" => Self::Error,
            _ => Self::Other,
        }
    }
}

/// One request from its due instant to its end. All instants count from the run's start, on a monotonic clock.
///
/// A forecast builds these from simulated instants and gets the same figures as a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTimeline {
    /// Which request of the run, from 0.
    pub index: usize,
    /// When it was due.
    pub scheduled: Duration,
    /// When a slot was free for it; `None` if one was at its due instant, or if it needed none.
    pub slot: Option<Duration>,
    /// When it was handed to the transport.
    pub started: Duration,
    /// How often it was sent again after a failure. Its instants count from the first time, and `connect` is then unknown.
    pub retries: u32,
    /// How long opening a connection for it took; `None` if none was opened or the transport cannot tell.
    pub connect: Option<Duration>,
    /// Whether an open connection was used again; `None` if the transport cannot tell.
    pub reused: Option<bool>,
    /// When the response's headers arrived.
    pub headers: Option<Duration>,
    /// The response's HTTP status.
    pub status: Option<u16>,
    /// Whether the answer was to be streamed.
    pub streaming: Streaming,
    /// The chunks that carry tokens, in order of arrival. Empty when not streamed.
    pub chunks: Vec<TokenChunk>,
    /// What else the stream holds; no figure of ours rests on it.
    pub marks: StreamMarks,
    /// The end: `[DONE]` of a complete stream, the end of the body otherwise, or the instant of failure.
    pub finished: Duration,
    /// The token counts, as the server states them.
    pub usage: Option<TokenUsage>,
    /// What the server says of the request's times.
    pub server_times: Option<Box<ServerTimes>>,
    /// Why each choice ended.
    pub finish_reasons: FinishReasons,
    /// The model's name as the server states it.
    pub model: Option<Arc<str>>,
    /// How it ended.
    pub verdict: Verdict,
    /// What went wrong or is missing, in words; `None` for [`Verdict::Ok`].
    pub detail: Option<String>,
}

impl RequestTimeline {
    /// A request that has only begun. Set what happened afterwards; until then it counts as truncated.
    #[must_use]
    pub fn begun(index: usize, scheduled: Duration, started: Duration, streaming: Streaming) -> Self {
        Self {
            index,
            scheduled,
            slot: None,
            started,
            retries: 0,
            connect: None,
            reused: None,
            headers: None,
            status: None,
            streaming,
            chunks: Vec::new(),
            marks: StreamMarks::default(),
            finished: started,
            usage: None,
            server_times: None,
            finish_reasons: FinishReasons::default(),
            model: None,
            verdict: Verdict::Truncated,
            detail: None,
        }
    }

    /// When the request itself could go out: its start, and after that the set-up of its connection. Every latency
    /// metric counts from here, so that TTFT does not hide TCP and TLS.
    #[must_use]
    pub fn sent(&self) -> Duration {
        self.started + self.connect.unwrap_or_default()
    }

    /// From the start (connection included) to the end (of stream or body): what the report's script calls latency.
    #[must_use]
    pub fn wall(&self) -> Duration {
        self.finished.saturating_sub(self.started)
    }

    /// Output tokens as the server states them.
    #[must_use]
    pub fn output_tokens(&self) -> Option<u64> {
        self.usage.and_then(|usage| usage.completion_tokens)
    }

    /// Prompt tokens as the server states them.
    #[must_use]
    pub fn prompt_tokens(&self) -> Option<u64> {
        self.usage.and_then(|usage| usage.prompt_tokens)
    }
}
