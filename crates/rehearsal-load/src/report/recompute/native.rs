//! Our own definitions, for comparison; see [`metrics`](crate::metrics).

use super::Seen;
use crate::{
    client::RequestTimeline,
    metrics::{e2el, gaps, seconds, tpot, ttft},
};

pub(super) fn read(request: &RequestTimeline) -> Option<Seen> {
    request.verdict.is_success().then(|| Seen {
        ttft: ttft(request),
        e2el: e2el(request),
        output_tokens: request.output_tokens(),
        per_token: tpot(request).map(seconds),
        overall_per_token: None,
        gaps: gaps(request).into_iter().map(|gap| gap.length).collect(),
    })
}
