//! One metric over many requests, summarised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConfidenceInterval, Probability, QuantileMethod, mean, quantile, standard_deviation};

/// The summary of one metric's samples, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// How many samples there are.
    pub n: usize,
    /// Arithmetic mean, exactly rounded.
    pub mean: f64,
    /// Sample standard deviation (n − 1); `null` for one sample.
    pub std: Option<f64>,
    /// The smallest sample.
    pub min: f64,
    /// The largest sample.
    pub max: f64,
    /// The median.
    pub p50: QuantileEstimate,
    /// The 90th percentile.
    pub p90: QuantileEstimate,
    /// The 95th percentile.
    pub p95: QuantileEstimate,
    /// The 99th percentile.
    pub p99: QuantileEstimate,
}

/// A quantile of the samples, and how well it is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuantileEstimate {
    /// By the report's `quantile_method`.
    pub value: f64,
    /// At the report's `confidence`.
    pub interval: ConfidenceInterval,
}

impl Distribution {
    /// Summarises `samples`, with quantiles by `method`; `None` for no samples or one that is not finite.
    #[must_use]
    pub fn of(mut samples: Vec<f64>, method: QuantileMethod) -> Option<Self> {
        let mean = mean(&samples)?;
        samples.sort_unstable_by(f64::total_cmp);
        let estimate = |p| {
            let value = quantile(&samples, p, method)?;
            Some(QuantileEstimate { value, interval: ConfidenceInterval::of(&samples, p) })
        };
        Some(Self {
            n: samples.len(),
            mean,
            std: standard_deviation(&samples),
            min: *samples.first()?,
            max: *samples.last()?,
            p50: estimate(Probability::P50)?,
            p90: estimate(Probability::P90)?,
            p95: estimate(Probability::P95)?,
            p99: estimate(Probability::P99)?,
        })
    }
}
