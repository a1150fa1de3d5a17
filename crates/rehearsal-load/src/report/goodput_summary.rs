//! Requests that were good enough, as a report states them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    client::RequestTimeline,
    search::{Slo, SloResult},
};

/// Requests that met every objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoodputSummary {
    /// Each objective over the whole run.
    pub slos: Vec<SloResult>,
    /// Requests whose own latencies are within every objective's limit, whatever its percentile.
    pub met: usize,
    /// Requests that were sent or should have been: failed ones and dropped arrivals count against the share.
    pub sent: usize,
    /// `met ÷ sent`.
    pub share: f64,
    /// `met ÷ window`: the goodput.
    pub requests_per_s: Option<f64>,
}

impl GoodputSummary {
    /// `None` without objectives, or when nothing was sent.
    pub(super) fn of(slos: &[Slo], requests: &[RequestTimeline], dropped: usize, window_s: f64) -> Option<Self> {
        let sent = requests.len() + dropped;
        if slos.is_empty() || sent == 0 {
            return None;
        }
        let met = requests.iter().filter(|request| slos.iter().all(|slo| slo.objective().is_met_by(request))).count();
        Some(Self {
            slos: slos.iter().map(|slo| slo.judge(requests, dropped)).collect(),
            met,
            sent,
            share: met as f64 / sent as f64,
            requests_per_s: (0.0 < window_s).then(|| met as f64 / window_s),
        })
    }
}
