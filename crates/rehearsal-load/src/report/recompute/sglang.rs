//! `sglang.bench_serving`, chat endpoint: `sglang/benchmark/serving.py` of sglang 0.5.23. Its clock starts before the
//! connection is made.

use super::{Seen, chunks_with_text, gaps_between, is_whole_http, share};
use crate::client::{RequestTimeline, Verdict};

/// A chunk counts if it has text, but the request ends with `[DONE]`, so that TPOT holds the wait for it. Without usage
/// it takes the length that was asked for; we leave that out. Every HTTP 200 whose body ends and parses is a success.
pub(super) fn read(request: &RequestTimeline) -> Option<Seen> {
    if !is_whole_http(request) || request.verdict == Verdict::ProtocolViolation {
        return None;
    }
    let since_start = |at: std::time::Duration| at.saturating_sub(request.started);
    let instants = chunks_with_text(request);
    let e2el = since_start(request.finished);
    // a stream without text leaves its TTFT at 0, a body that is not streamed has the whole latency as TTFT
    let ttft = match (request.streaming, instants.first()) {
        (crate::plan::Streaming::Off, _) => Some(e2el),
        (crate::plan::Streaming::On, first) => first.copied().map(since_start),
    };
    let output_tokens = request.output_tokens();
    let per_token = match (ttft, output_tokens) {
        (Some(ttft), Some(tokens)) => share(e2el.saturating_sub(ttft), tokens.saturating_sub(1)),
        _ => None,
    };
    Some(Seen {
        ttft,
        e2el: Some(e2el),
        output_tokens,
        per_token,
        overall_per_token: None,
        gaps: gaps_between(&instants),
    })
}
