//! The report's own script: one clock around the whole call, and for streams a second one that starts when the headers
//! are there and stops at the first line that holds data, which is the role chunk.

use super::{Seen, share};
use crate::client::RequestTimeline;

pub(super) fn read(request: &RequestTimeline) -> Option<Seen> {
    if !request.verdict.is_success() {
        return None;
    }
    let first_token = request.chunks.first().map(|chunk| chunk.at);
    let first_line = request.marks.silent.first().copied().into_iter().chain(first_token).min();
    let wall = request.wall();
    let output_tokens = request.output_tokens();
    Some(Seen {
        ttft: first_line.map(|at| at.saturating_sub(request.headers.unwrap_or(request.started))),
        e2el: Some(wall),
        output_tokens,
        per_token: None,
        overall_per_token: output_tokens.and_then(|tokens| share(wall, tokens)),
        gaps: Vec::new(),
    })
}
