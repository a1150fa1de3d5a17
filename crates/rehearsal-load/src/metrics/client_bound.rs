//! Whether the generator itself may have been the bottleneck.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Distribution;

/// Lag that never makes a run client-bound: a timer's grain and a scheduler's slice.
const HARMLESS_S: f64 = 0.005;

/// The share of the median latency that the lag may reach.
const SHARE: f64 = 0.01;

/// The generator's own lag, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorHealth {
    /// 99th percentile of how late requests were sent; `null` when none was.
    pub schedule_lag_p99_s: Option<f64>,
    /// How late it may be: 5 ms, or 1 % of the median latency if that is more.
    pub limit_s: f64,
    /// Whether the generator was too late too often, so that the server got another load than the plan says and figures
    /// are partly the generator's.
    pub client_bound: ClientBound,
}

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientBound {
    /// It kept up.
    No,
    /// It did not.
    Yes,
    /// Nothing was sent.
    Unknown,
}

impl GeneratorHealth {
    /// From the distributions of the schedule lag and of the latency.
    #[must_use]
    pub fn of(schedule_lag: Option<&Distribution>, e2el: Option<&Distribution>) -> Self {
        let limit_s = e2el.map_or(HARMLESS_S, |e2el| (e2el.p50.value * SHARE).max(HARMLESS_S));
        let schedule_lag_p99_s = schedule_lag.map(|lag| lag.p99.value);
        let client_bound = match schedule_lag_p99_s {
            None => ClientBound::Unknown,
            Some(lag) if limit_s < lag => ClientBound::Yes,
            Some(_) => ClientBound::No,
        };
        Self { schedule_lag_p99_s, limit_s, client_bound }
    }
}

impl ClientBound {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Yes => "yes",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::QuantileMethod;

    #[track_caller]
    fn check(lag_s: f64, latency_s: f64, expect: ClientBound) {
        let of = |value| Distribution::of(vec![value], QuantileMethod::Type7);
        assert_eq!(GeneratorHealth::of(of(lag_s).as_ref(), of(latency_s).as_ref()).client_bound, expect);
    }

    #[test]
    fn a_lag_counts_when_it_is_more_than_5_ms_and_a_hundredth_of_the_latency() {
        check(0.004, 0.1, ClientBound::No);
        check(0.006, 0.1, ClientBound::Yes);
        check(0.006, 2.0, ClientBound::No);
        check(0.021, 2.0, ClientBound::Yes);
        assert_eq!(GeneratorHealth::of(None, None).client_bound, ClientBound::Unknown);
    }
}
