//! `vllm bench serve`, chat endpoint: `vllm/benchmarks/lib/endpoint_request_func.py` and `calculate_metrics` in
//! `vllm/benchmarks/serve.py` of vLLM 0.13.0 and 0.33.0. Its clock starts before the connection is made.

use std::time::Duration;

use super::{Seen, gaps_between, is_whole_http, share};
use crate::client::{ChunkKind, RequestTimeline, Verdict};

/// 0.13: every chunk with `choices` is a token, the role and the finish reason too; the request ends with the last event
/// before `[DONE]`, which is the usage chunk. Every HTTP 200 whose body ends and parses is a success.
pub(super) fn read_0_13(request: &RequestTimeline) -> Option<Seen> {
    if !is_whole_http(request) || request.verdict == Verdict::ProtocolViolation {
        return None;
    }
    let mut instants: Vec<Duration> = request.chunks.iter().map(|chunk| chunk.at).collect();
    instants.extend(&request.marks.silent);
    instants.sort_unstable();
    let last = request.marks.last_event.or(instants.last().copied());
    Some(seen(request, &instants, last))
}

/// 0.33: a chunk counts if it has text, or an empty `content` without a role; the last of them ends the request. A
/// stream without any is a failure. An empty `reasoning` does not count.
pub(super) fn read_0_33(request: &RequestTimeline) -> Option<Seen> {
    if !is_whole_http(request) || request.verdict == Verdict::ProtocolViolation {
        return None;
    }
    let is_empty = |index: usize| request.marks.empty.binary_search(&index).is_ok();
    let chunks = request.chunks.iter().enumerate();
    let counted = chunks.filter(|(index, chunk)| chunk.kind == ChunkKind::Content || !is_empty(*index));
    let instants: Vec<Duration> = counted.map(|(_, chunk)| chunk.at).collect();
    let last = *instants.last()?;
    Some(seen(request, &instants, Some(last)))
}

/// TPOT is (latency − TTFT) ÷ (output tokens − 1), however many tokens the first chunk holds.
fn seen(request: &RequestTimeline, instants: &[Duration], last: Option<Duration>) -> Seen {
    let since_start = |at: Duration| at.saturating_sub(request.started);
    let ttft = instants.first().copied().map(since_start);
    let e2el = last.map(since_start);
    let output_tokens = request.output_tokens().filter(|tokens| 0 < *tokens);
    let per_token = match (ttft, e2el, output_tokens) {
        (Some(ttft), Some(e2el), Some(tokens)) => share(e2el.saturating_sub(ttft), tokens - 1),
        _ => None,
    };
    Seen { ttft, e2el, output_tokens, per_token, overall_per_token: None, gaps: gaps_between(instants) }
}
