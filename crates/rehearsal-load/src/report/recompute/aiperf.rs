//! aiperf 0.13.0: `aiperf/metrics/types`, over `content_responses` of `aiperf/common/models/record_models.py`. Its clock
//! starts before the connection is made. Token counts are the server's, as with `--use-server-token-count`.

use super::{Seen, chunks_with_text, gaps_between, is_whole_http, share};
use crate::client::{RequestTimeline, Verdict};

/// A chunk counts if it has text; the last of them ends the request. A success is any response with such a chunk, also
/// one that ends early. What aiperf calls ITL divides by the tokens after the first chunk; ICL are the gaps.
pub(super) fn read(request: &RequestTimeline) -> Option<Seen> {
    if !is_whole_http(request) || request.verdict == Verdict::ProtocolViolation {
        return None;
    }
    let since_start = |at: std::time::Duration| at.saturating_sub(request.started);
    let instants = match request.streaming {
        crate::plan::Streaming::On => chunks_with_text(request),
        crate::plan::Streaming::Off => vec![request.finished],
    };
    let (first, last) = (*instants.first()?, *instants.last()?);
    let output_tokens = request.output_tokens();
    let in_first = request.chunks.first().and_then(|chunk| chunk.tokens).map_or(1, u64::from);
    let after_first = output_tokens.filter(|tokens| 2 <= *tokens).map(|tokens| match tokens.checked_sub(in_first) {
        Some(after) if 0 < after && 0 < in_first => after,
        _ => tokens - 1,
    });
    Some(Seen {
        ttft: (!request.chunks.is_empty()).then(|| since_start(first)),
        e2el: Some(since_start(last)),
        output_tokens,
        per_token: after_first
            .filter(|_| !request.chunks.is_empty())
            .and_then(|tokens| share(last.saturating_sub(first), tokens)),
        overall_per_token: None,
        gaps: gaps_between(&instants),
    })
}
