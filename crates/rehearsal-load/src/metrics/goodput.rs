//! Requests that were good enough.

use std::time::Duration;

use super::{e2el, seconds, tpot, ttft};
use crate::client::RequestTimeline;

/// Which latency an objective is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SloMetric {
    /// [`ttft`].
    Ttft,
    /// [`tpot`].
    Tpot,
    /// [`e2el`].
    E2el,
}

/// A service-level objective: the metric is at most this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objective {
    /// Which latency.
    pub metric: SloMetric,
    /// How long it may be.
    pub at_most: Duration,
}

impl Objective {
    /// Whether a request meets it. A failed request never does; nor does a success whose metric is undefined, except
    /// [`tpot`] of an answer of one token, which has no decode phase to be slow in.
    #[must_use]
    pub fn is_met_by(&self, request: &RequestTimeline) -> bool {
        if !request.verdict.is_success() {
            return false;
        }
        let value = match self.metric {
            SloMetric::Ttft => ttft(request),
            SloMetric::E2el => e2el(request),
            SloMetric::Tpot => match tpot(request) {
                None if request.output_tokens() == Some(1) => Some(Duration::ZERO),
                value => value,
            },
        };
        value.is_some_and(|value| value <= self.at_most)
    }
}

/// How many requests met every objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goodput {
    /// Requests that met every objective.
    pub met: usize,
    /// Requests sent: the denominator of the share, so failures count against it.
    pub sent: usize,
    /// `met ÷ sent`; `None` when nothing was sent.
    pub share: Option<f64>,
    /// `met ÷ window`; `None` over an empty window.
    pub per_second: Option<f64>,
}

/// Counts the requests that meet every objective.
#[must_use]
pub fn goodput(requests: &[RequestTimeline], objectives: &[Objective], window: Duration) -> Goodput {
    let is_good = |request: &&RequestTimeline| {
        request.verdict.is_success() && objectives.iter().all(|objective| objective.is_met_by(request))
    };
    let met = requests.iter().filter(is_good).count();
    let sent = requests.len();
    Goodput {
        met,
        sent,
        share: (0 < sent).then(|| met as f64 / sent as f64),
        per_second: (!window.is_zero()).then(|| met as f64 / seconds(window)),
    }
}
