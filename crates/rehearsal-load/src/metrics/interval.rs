//! Confidence intervals of quantiles from order statistics: no assumption about the distribution.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Probability;

/// The two-sided confidence of every interval in a report; each tail holds half of the rest.
pub const CONFIDENCE: f64 = 0.95;

/// Where the true quantile lies, as far as the samples tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfidenceInterval {
    /// Between these two samples.
    Between {
        /// The lower sample.
        low: f64,
        /// The upper sample.
        high: f64,
    },
    /// No pair of samples encloses the quantile with enough confidence.
    TooFewSamples {
        /// How many it takes.
        needed: usize,
    },
}

impl ConfidenceInterval {
    /// The interval of quantile `p` of `sorted`, at [`CONFIDENCE`].
    #[must_use]
    pub fn of(sorted: &[f64], p: Probability) -> Self {
        let enclosing = order_statistic_ranks(sorted.len(), p, CONFIDENCE);
        match enclosing.and_then(|(low, high)| Some((*sorted.get(low - 1)?, *sorted.get(high - 1)?))) {
            Some((low, high)) => Self::Between { low, high },
            None => Self::TooFewSamples { needed: samples_needed(p, CONFIDENCE) },
        }
    }
}

/// The ranks (from 1) of the closest pair of order statistics that enclose quantile `p` of the population, with at most
/// half of `1 − confidence` in each tail: the number of samples below the quantile is binomial with `n` and `p`.
/// `None` when there are too few samples, and for the extremes (p = 0 or 1), which no sample encloses.
#[must_use]
pub fn order_statistic_ranks(count: usize, p: Probability, confidence: f64) -> Option<(usize, usize)> {
    if p == Probability::MIN || p == Probability::MAX {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    let weights = binomial(count, p.as_f64());

    // low: the largest rank with P(fewer than `rank` samples are below) within the tail
    let mut below = 0.0;
    let mut low = 0;
    for weight in &weights {
        below += weight;
        if tail < below {
            break;
        }
        low += 1;
    }
    // high: the smallest rank with P(at least `rank` samples are below) within the tail
    let mut above = 0.0;
    let mut high = count + 1;
    for weight in weights.iter().rev() {
        above += weight;
        if tail < above {
            break;
        }
        high -= 1;
    }
    (1 <= low && high <= count).then_some((low, high))
}

/// The least number of samples for an interval of quantile `p`: 72 for p95 and 368 for p99 at 95 %. Meaningless for
/// the extremes, for which it is 1.
#[must_use]
pub fn samples_needed(p: Probability, confidence: f64) -> usize {
    let tail = (1.0 - confidence) / 2.0;
    let p = p.as_f64();
    let rarer = p.max(1.0 - p);
    // the largest (or smallest) of n samples misses the quantile with probability rarer^n
    let mut count = 1;
    let mut missed = rarer;
    while tail < missed && missed < 1.0 {
        missed *= rarer;
        count += 1;
    }
    count
}

/// Probabilities of 0..=n successes. From the mode outwards by ratios, then normalised: no factorials, no underflow
/// where it matters.
fn binomial(count: usize, p: f64) -> Vec<f64> {
    let mut weights = vec![0.0; count + 1];
    let odds = p / (1.0 - p);
    let mode = (0..=count).rev().find(|k| *k as f64 <= (count as f64 + 1.0) * p).unwrap_or(0);
    weights[mode] = 1.0;
    for k in mode + 1..=count {
        weights[k] = weights[k - 1] * (count - k + 1) as f64 / k as f64 * odds;
    }
    for k in (0..mode).rev() {
        weights[k] = weights[k + 1] * (k + 1) as f64 / ((count - k) as f64 * odds);
    }
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p95_needs_72_samples_and_p99_needs_368() {
        for (p, needed) in [(Probability::P95, 72), (Probability::P99, 368), (Probability::P50, 6)] {
            assert_eq!(samples_needed(p, 0.95), needed);
            assert_eq!(order_statistic_ranks(needed - 1, p, 0.95), None);
            assert!(order_statistic_ranks(needed, p, 0.95).is_some());
        }
    }

    #[test]
    fn the_median_of_a_hundred_lies_between_ranks_40_and_61() {
        // from exact sums of binomial coefficients over 2^100
        assert_eq!(order_statistic_ranks(100, Probability::P50, 0.95), Some((40, 61)));
    }

    #[test]
    fn a_million_samples_are_no_trouble() {
        let (low, high) = order_statistic_ranks(1_000_000, Probability::P99, 0.95).unwrap();
        // by the normal approximation 990,000 ± 1.96 · 99.5, whose own error is less than this slack
        assert!((989_800..989_812).contains(&low) && (990_190..990_202).contains(&high), "{low}..{high}");
    }
}
