//! Quantiles with named methods, exact in rank: positions are computed in integers, never as a product of floats.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which quantile: a fraction, because `0.95` is not 95/100 in binary and `0.95 · 20` must be rank 19.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probability {
    numerator: u64,
    denominator: u64,
}

impl Probability {
    /// The smallest sample.
    pub const MIN: Self = Self { numerator: 0, denominator: 1 };
    /// The largest sample.
    pub const MAX: Self = Self { numerator: 1, denominator: 1 };
    /// The median.
    pub const P50: Self = Self { numerator: 1, denominator: 2 };
    /// 9 of 10.
    pub const P90: Self = Self { numerator: 9, denominator: 10 };
    /// 19 of 20.
    pub const P95: Self = Self { numerator: 19, denominator: 20 };
    /// 99 of 100.
    pub const P99: Self = Self { numerator: 99, denominator: 100 };

    /// `numerator / denominator`, reduced; `None` outside 0–1 or over 0.
    #[must_use]
    pub fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if denominator == 0 || denominator < numerator {
            return None;
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Some(Self { numerator: u64::from(numerator / divisor), denominator: u64::from(denominator / divisor) })
    }

    /// The fraction as the nearest float.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// `count · p` as whole part and remainder over the denominator.
    fn of(self, count: usize) -> (usize, u64) {
        let scaled = count as u128 * u128::from(self.numerator);
        let denominator = u128::from(self.denominator);
        let whole = usize::try_from(scaled / denominator).expect("p ≤ 1, so the whole part is no more than count");
        let remainder = u64::try_from(scaled % denominator).expect("a remainder is less than its u64 denominator");
        (whole, remainder)
    }
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How a quantile falls between two samples. The types are those of Hyndman and Fan, *Sample Quantiles in Statistical
/// Packages*, The American Statistician 50 (1996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum QuantileMethod {
    /// Inverse of the empirical distribution: the sample of rank ⌈n·p⌉. Always a sample.
    #[serde(rename = "type_1")]
    Type1,
    /// Linear at position p·(n+1), ranks from 1, held to the extremes: Python's `statistics.quantiles`.
    #[serde(rename = "type_6")]
    Type6,
    /// Linear at position 1 + p·(n−1): numpy's and R's default, and ours.
    #[default]
    #[serde(rename = "type_7")]
    Type7,
    /// `sorted[int(n·p)]`, held to the last sample: common in scripts, and one rank too high.
    #[serde(rename = "floor_index")]
    FloorIndex,
}

/// The quantile `p` of `sorted` (ascending), by `method`. Between two samples it is
/// `(low · (d−r) + high · r) / d` with the position's remainder `r` over the denominator `d` of `p`, in this order of
/// operations, and never outside the two. `None` for no samples.
///
/// # Panics
/// With debug assertions, when `sorted` is not.
#[must_use]
pub fn quantile(sorted: &[f64], p: Probability, method: QuantileMethod) -> Option<f64> {
    debug_assert!(sorted.is_sorted(), "quantiles need sorted samples");
    let count = sorted.len();
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let between = |below: usize, remainder: u64| {
        let (Some(&low), Some(&high)) = (sorted.get(below), sorted.get(below + 1)) else { return last };
        interpolate(low, high, remainder, p.denominator).clamp(low, high)
    };
    Some(match method {
        QuantileMethod::Type1 => {
            let (whole, remainder) = p.of(count);
            let rank = if remainder == 0 { whole } else { whole + 1 };
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(last)
        }
        QuantileMethod::Type6 => match p.of(count + 1) {
            (0, _) => first,
            (whole, remainder) => between(whole - 1, remainder),
        },
        QuantileMethod::Type7 => {
            let (whole, remainder) = p.of(count - 1);
            between(whole, remainder)
        }
        QuantileMethod::FloorIndex => sorted.get(p.of(count).0).copied().unwrap_or(last),
    })
}

/// `statistics.quantiles(x, n=20)[-1]` of `CPython` 3.8–3.14, bit for bit: type 6 with the same float operations and
/// without the clamp. `None` below 20 samples, where Python extrapolates and the report's script gives `null`.
pub(crate) fn python_p95(sorted: &[f64]) -> Option<f64> {
    const LEAST: usize = 20;
    if sorted.len() < LEAST {
        return None;
    }
    let (whole, remainder) = Probability::P95.of(sorted.len() + 1);
    let (low, high) = (*sorted.get(whole - 1)?, *sorted.get(whole)?);
    Some(interpolate(low, high, remainder, Probability::P95.denominator))
}

fn interpolate(low: f64, high: f64, remainder: u64, denominator: u64) -> f64 {
    (low * (denominator - remainder) as f64 + high * remainder as f64) / denominator as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_integers(count: u32) -> Vec<f64> {
        (1..=count).map(f64::from).collect()
    }

    /// Samples 1..=n make a quantile its own position: ⌈np⌉, p(n+1), 1 + p(n−1) and ⌊np⌋ + 1, worked by hand.
    #[track_caller]
    fn check(count: u32, p: Probability, method: QuantileMethod, expect: f64) {
        assert_eq!(quantile(&first_integers(count), p, method), Some(expect));
    }

    #[test]
    fn each_method_has_its_own_p95_of_sixty_four() {
        check(64, Probability::P95, QuantileMethod::Type1, 61.0);
        check(64, Probability::P95, QuantileMethod::Type6, 61.75);
        check(64, Probability::P95, QuantileMethod::Type7, 60.85);
        check(64, Probability::P95, QuantileMethod::FloorIndex, 61.0);
        check(20, Probability::P95, QuantileMethod::FloorIndex, 20.0);
    }

    #[test]
    fn a_rank_on_the_border_is_not_moved_by_rounding() {
        // 0.95 * 20 is 19 exactly as a fraction
        check(20, Probability::P95, QuantileMethod::Type1, 19.0);
        check(100, Probability::P99, QuantileMethod::Type1, 99.0);
    }

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_the_middle_two() {
        check(4, Probability::P50, QuantileMethod::Type6, 2.5);
        check(4, Probability::P50, QuantileMethod::Type7, 2.5);
        check(4, Probability::P50, QuantileMethod::Type1, 2.0);
    }

    #[test]
    fn extremes_and_single_samples_are_samples() {
        for method in [QuantileMethod::Type1, QuantileMethod::Type6, QuantileMethod::Type7, QuantileMethod::FloorIndex]
        {
            assert_eq!(quantile(&[], Probability::P99, method), None);
            check(1, Probability::P99, method, 1.0);
            check(5, Probability::new(1, 1).unwrap(), method, 5.0);
            check(5, Probability::new(0, 1).unwrap(), method, 1.0);
        }
    }

    #[test]
    fn equal_samples_have_exactly_that_quantile() {
        assert_eq!(quantile(&[0.1; 33], Probability::P95, QuantileMethod::Type7), Some(0.1));
    }

    #[test]
    fn python_gives_no_p95_below_twenty_samples() {
        assert_eq!(python_p95(&first_integers(19)), None);
        assert_eq!(python_p95(&first_integers(20)), Some(19.95));
    }
}
