//! Latencies of one request. All count from [`RequestTimeline::sent`]: connection set-up is reported apart.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    client::{ChunkKind, RequestTimeline, TokenChunk},
    plan::Streaming,
};

/// Time to first token: the first chunk of any choice that carries an output token (content, reasoning or tool call),
/// minus [`sent`](RequestTimeline::sent). Undefined when not streamed or without a token.
#[must_use]
pub fn ttft(request: &RequestTimeline) -> Option<Duration> {
    first(request, |_| true)
}

/// [`ttft`] of one choice of a request with `n > 1`.
#[must_use]
pub fn ttft_of_choice(request: &RequestTimeline, choice: u32) -> Option<Duration> {
    first(request, |chunk| chunk.choice == choice)
}

/// Time to first output token that is not reasoning: the same for content and tool calls. Undefined without one.
#[must_use]
pub fn ttfot(request: &RequestTimeline) -> Option<Duration> {
    first(request, |chunk| chunk.kind != ChunkKind::Reasoning)
}

fn first(request: &RequestTimeline, which: impl Fn(&TokenChunk) -> bool) -> Option<Duration> {
    let chunk = request.chunks.iter().find(|chunk| which(chunk))?;
    Some(chunk.at.saturating_sub(request.sent()))
}

/// End-to-end latency: the last token-carrying chunk, or the end of the body when not streamed, minus
/// [`sent`](RequestTimeline::sent). A late usage chunk does not extend it. Undefined for a request that failed, and for a
/// stream without a token.
#[must_use]
pub fn e2el(request: &RequestTimeline) -> Option<Duration> {
    if !request.verdict.is_success() {
        return None;
    }
    let end = match request.streaming {
        Streaming::Off => request.finished,
        Streaming::On => request.chunks.last()?.at,
    };
    Some(end.saturating_sub(request.sent()))
}

/// The end of the stream (`[DONE]`) or of the body, minus [`sent`](RequestTimeline::sent): the second end beside
/// [`e2el`]. Undefined for a request that failed.
#[must_use]
pub fn end_of_stream(request: &RequestTimeline) -> Option<Duration> {
    request.verdict.is_success().then(|| request.finished.saturating_sub(request.sent()))
}

/// What a user of an open-loop service feels: [`e2el`] plus the wait between the due instant and
/// [`sent`](RequestTimeline::sent). Meaningless in a closed loop, whose due instants follow the answers.
#[must_use]
pub fn scheduled_latency(request: &RequestTimeline) -> Option<Duration> {
    Some(e2el(request)? + request.sent().saturating_sub(request.scheduled))
}

/// How late the generator itself was: start minus due instant, or minus the instant at which a slot was free for a request
/// that had to wait for one.
#[must_use]
pub fn schedule_lag(request: &RequestTimeline) -> Duration {
    request.started.saturating_sub(request.slot.unwrap_or(request.scheduled))
}

/// Last minus first token-carrying chunk, summed over choices. Undefined without a chunk.
#[must_use]
pub fn token_span(request: &RequestTimeline) -> Option<Duration> {
    let ends = ends_by_choice(request);
    if ends.is_empty() {
        return None;
    }
    Some(ends.values().map(|(first, last)| last.at.saturating_sub(first.at)).sum())
}

/// Time per output token: [`token_span`] ÷ (output tokens − tokens in the first chunk of each choice), rounded to the
/// nanosecond. A first chunk of unknown size is taken as one token. Undefined when failed, not streamed, without usage,
/// or when the first chunks hold all the tokens: a request of one output token has none.
#[must_use]
pub fn tpot(request: &RequestTimeline) -> Option<Duration> {
    if !request.verdict.is_success() {
        return None;
    }
    let span = token_span(request)?;
    let in_first: u64 = ends_by_choice(request).values().map(|(first, _)| u64::from(first.tokens.unwrap_or(1))).sum();
    let after_first = request.output_tokens()?.checked_sub(in_first)?;
    if after_first == 0 {
        return None;
    }
    let rounded = (span.as_nanos() + u128::from(after_first) / 2) / u128::from(after_first);
    u64::try_from(rounded).ok().map(Duration::from_nanos)
}

fn ends_by_choice(request: &RequestTimeline) -> BTreeMap<u32, (&TokenChunk, &TokenChunk)> {
    let mut ends = BTreeMap::new();
    for chunk in &request.chunks {
        ends.entry(chunk.choice).and_modify(|(_, last)| *last = chunk).or_insert((chunk, chunk));
    }
    ends
}
