//! One request as a log states it: the instants in integer nanoseconds, and the figures that follow from them.

use std::{sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    client::{ChunkKind, FinishReason, RequestTimeline, ServerTimes, StreamMarks, TokenChunk, TokenUsage, Verdict},
    metrics::{e2el, seconds, tpot, ttfot, ttft},
    plan::Streaming,
};

/// One request. Instants (`*_ns`) count from the start of the measured window; `*_s` are the same lengths in seconds,
/// `ns / 1e9` correctly rounded, and are exactly the samples of the statistics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRecord {
    /// Which request of the run, from 0.
    pub index: usize,
    /// How it ended.
    pub verdict: Verdict,
    /// What went wrong or is missing.
    pub detail: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Whether the answer was to be streamed.
    pub stream: bool,
    /// When it was due.
    pub scheduled_ns: u64,
    /// When a slot was free for it, if it had to wait for one.
    #[serde(default)]
    pub slot_ns: Option<u64>,
    /// When it was handed to the transport.
    pub started_ns: u64,
    /// How often it was sent again after a failure; its instants count from the first time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: u32,
    /// How long opening a connection took.
    pub connect_ns: Option<u64>,
    /// Whether an open connection was used again.
    pub reused: Option<bool>,
    /// When the response's headers arrived.
    pub headers_ns: Option<u64>,
    /// When it ended.
    pub finished_ns: u64,
    /// End − start, connection included: the latency of the seed schema. Stated for failures too, which enter no statistic.
    pub latency_s: f64,
    /// Time to first token.
    pub ttft_s: Option<f64>,
    /// Time to first output token that is not reasoning.
    pub ttfot_s: Option<f64>,
    /// Time per output token.
    pub tpot_s: Option<f64>,
    /// End-to-end latency.
    pub e2el_s: Option<f64>,
    /// Token counts as the server states them.
    pub usage: Option<TokenUsage>,
    /// What the server says of the request's times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_times: Option<ServerTimes>,
    /// Why each choice ended: index and reason.
    pub finish_reasons: Vec<(u32, FinishReason)>,
    /// The model's name as the server states it.
    pub model: Option<String>,
    /// Token-carrying chunks: instant in ns, choice, kind, tokens.
    pub chunks: Vec<(u64, u32, ChunkKind, Option<u32>)>,
    /// When chunks without a token arrived; other tools time them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent_ns: Vec<u64>,
    /// Positions in `chunks` of those whose text is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty_chunks: Vec<usize>,
    /// When the last event before `[DONE]` arrived.
    #[serde(default)]
    pub last_event_ns: Option<u64>,
    /// Whether the body ended as HTTP says it should.
    #[serde(default)]
    pub clean_end: bool,
}

impl From<&RequestTimeline> for RequestRecord {
    fn from(request: &RequestTimeline) -> Self {
        Self {
            index: request.index,
            verdict: request.verdict,
            detail: request.detail.clone(),
            status: request.status,
            stream: request.streaming == Streaming::On,
            scheduled_ns: nanos(request.scheduled),
            slot_ns: request.slot.map(nanos),
            started_ns: nanos(request.started),
            retries: request.retries,
            connect_ns: request.connect.map(nanos),
            reused: request.reused,
            headers_ns: request.headers.map(nanos),
            finished_ns: nanos(request.finished),
            latency_s: seconds(request.wall()),
            ttft_s: ttft(request).map(seconds),
            ttfot_s: ttfot(request).map(seconds),
            tpot_s: tpot(request).map(seconds),
            e2el_s: e2el(request).map(seconds),
            usage: request.usage,
            server_times: request.server_times.as_deref().copied(),
            finish_reasons: request.finish_reasons.iter().collect(),
            model: request.model.as_deref().map(str::to_owned),
            chunks: request
                .chunks
                .iter()
                .map(|chunk| (nanos(chunk.at), chunk.choice, chunk.kind, chunk.tokens))
                .collect(),
            silent_ns: request.marks.silent.iter().copied().map(nanos).collect(),
            empty_chunks: request.marks.empty.clone(),
            last_event_ns: request.marks.last_event.map(nanos),
            clean_end: request.marks.clean_end,
        }
    }
}

impl From<RequestRecord> for RequestTimeline {
    /// The timeline again, from the instants; the figures in seconds follow from it and are not read.
    fn from(record: RequestRecord) -> Self {
        let chunks = record
            .chunks
            .into_iter()
            .map(|(at, choice, kind, tokens)| TokenChunk { at: Duration::from_nanos(at), choice, kind, tokens })
            .collect();
        Self {
            index: record.index,
            scheduled: Duration::from_nanos(record.scheduled_ns),
            slot: record.slot_ns.map(Duration::from_nanos),
            started: Duration::from_nanos(record.started_ns),
            retries: record.retries,
            connect: record.connect_ns.map(Duration::from_nanos),
            reused: record.reused,
            headers: record.headers_ns.map(Duration::from_nanos),
            status: record.status,
            streaming: if record.stream { Streaming::On } else { Streaming::Off },
            chunks,
            marks: StreamMarks {
                silent: record.silent_ns.into_iter().map(Duration::from_nanos).collect(),
                empty: record.empty_chunks,
                last_event: record.last_event_ns.map(Duration::from_nanos),
                clean_end: record.clean_end,
            },
            finished: Duration::from_nanos(record.finished_ns),
            usage: record.usage,
            server_times: record.server_times.map(Box::new),
            finish_reasons: record.finish_reasons.into_iter().collect(),
            model: record.model.map(Arc::from),
            verdict: record.verdict,
            detail: record.detail,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Whole nanoseconds; the largest number for durations beyond 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
