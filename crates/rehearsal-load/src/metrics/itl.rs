//! Inter-token latency, under three names, because it is three metrics.

use std::{collections::BTreeMap, time::Duration};

use crate::client::RequestTimeline;

/// The time between two consecutive token-carrying chunks of one choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// How long it is. 0 when two events came in one read.
    pub length: Duration,
    /// Tokens in the chunk that ends it; `None` when unknown. With more than one, the gap is an inter-chunk latency.
    pub tokens: Option<u32>,
}

/// The gaps of one request, choice by choice, in order. Empty with fewer than two chunks a choice.
#[must_use]
pub fn gaps(request: &RequestTimeline) -> Vec<Gap> {
    let mut by_choice: BTreeMap<u32, (Duration, Vec<Gap>)> = BTreeMap::new();
    for chunk in &request.chunks {
        by_choice
            .entry(chunk.choice)
            .and_modify(|(last, gaps)| {
                gaps.push(Gap { length: chunk.at.saturating_sub(*last), tokens: chunk.tokens });
                *last = chunk.at;
            })
            .or_insert((chunk.at, Vec::new()));
    }
    by_choice.into_values().flat_map(|(_, gaps)| gaps).collect()
}

/// Pooled ITL: every gap of every success, one sample each; long answers weigh more. Between chunks, not tokens.
#[must_use]
pub fn itl_pooled(requests: &[RequestTimeline]) -> Vec<Duration> {
    successes(requests).flat_map(gaps).map(|gap| gap.length).collect()
}

/// Mean ITL of one request: the sum of its gaps ÷ their number, rounded to the nanosecond; every request weighs the
/// same. Undefined with fewer than two chunks a choice.
#[must_use]
pub fn itl_request_mean(request: &RequestTimeline) -> Option<Duration> {
    let gaps = gaps(request);
    let count = u128::try_from(gaps.len()).ok().filter(|count| 0 < *count)?;
    let sum: u128 = gaps.iter().map(|gap| gap.length.as_nanos()).sum();
    u64::try_from((sum + count / 2) / count).ok().map(Duration::from_nanos)
}

/// Token-weighted ITL of one request: a gap that `k` tokens end gives `k` samples of a `k`-th of it. A chunk without a
/// new token (text that was held back) lengthens the next gap. Undefined when any chunk's token count is unknown.
#[must_use]
pub fn itl_token_weighted(request: &RequestTimeline) -> Option<Vec<Duration>> {
    let mut samples = Vec::new();
    let mut carried = Duration::ZERO;
    for gap in gaps(request) {
        carried += gap.length;
        let tokens = gap.tokens?;
        if tokens == 0 {
            continue;
        }
        samples.extend((0..tokens).map(|_| carried / tokens));
        carried = Duration::ZERO;
    }
    (!samples.is_empty()).then_some(samples)
}

fn successes(requests: &[RequestTimeline]) -> impl Iterator<Item = &RequestTimeline> {
    requests.iter().filter(|request| request.verdict.is_success())
}
