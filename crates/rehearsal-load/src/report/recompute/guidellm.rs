//! guidellm 0.8.1: `guidellm/backends/openai/http.py` for the instants, `guidellm/schemas/base/request_stats.py` for the
//! figures. Its clock starts when the request's first byte is written, after the connection.

use super::{Seen, chunks_with_text, share};
use crate::client::{RequestTimeline, Verdict};

/// A chunk counts if it has text. The request ends with `[DONE]`; what guidellm calls ITL is the mean after the first
/// token, and what it calls TPOT includes the wait for it. An error inside a stream is a failure, a missing end is not.
pub(super) fn read(request: &RequestTimeline) -> Option<Seen> {
    let content = request.verdict.is_success()
        || request.verdict == Verdict::Truncated && request.marks.clean_end && request.status == Some(200);
    if !content {
        return None;
    }
    let since_start = |at: std::time::Duration| at.saturating_sub(request.sent());
    let instants = chunks_with_text(request);
    let (first, last) = (instants.first().copied(), instants.last().copied());
    let iterations = (!instants.is_empty()).then_some(instants.len() as u64);
    let output_tokens = request.output_tokens().or(iterations);
    let per_token = match (first, last, output_tokens) {
        (Some(first), Some(last), Some(tokens)) => share(last.saturating_sub(first), tokens.saturating_sub(1)),
        _ => None,
    };
    let end = last.unwrap_or(request.finished);
    Some(Seen {
        ttft: first.map(since_start),
        e2el: Some(since_start(request.finished)),
        output_tokens,
        per_token,
        overall_per_token: output_tokens.and_then(|tokens| share(since_start(end), tokens)),
        gaps: Vec::new(),
    })
}
