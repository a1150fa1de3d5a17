//! How late the driver was, as a histogram: what the machine under the fake adds to the times that the engine computed.

use std::time::Duration;

use hdrhistogram::Histogram;

/// How late steps ended on the wall, against the deadlines that the engine computed.
///
/// Unit: time on the wall. Undefined (`None`) before the first step. Quantiles are those of an HDR histogram with three digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Lateness {
    /// Steps recorded.
    pub steps: u64,
    /// Median.
    pub p50: Option<Duration>,
    /// 99th percentile.
    pub p99: Option<Duration>,
    /// 99.9th percentile.
    pub p999: Option<Duration>,
    /// Maximum.
    pub max: Option<Duration>,
    /// Mean.
    pub mean: Option<Duration>,
}

/// The most lateness told apart: an hour, in nanoseconds.
const MOST_NS: u64 = 3_600_000_000_000;

/// Records lateness.
#[derive(Debug)]
pub(crate) struct LatenessLog(Histogram<u64>);

impl Default for LatenessLog {
    fn default() -> Self {
        // a saturating record never widens an auto-resizing histogram, so the range is stated
        Self(Histogram::new_with_bounds(1, MOST_NS, 3).expect("the bounds are in order, the digits within 0 to 5"))
    }
}

impl LatenessLog {
    pub(super) fn record(&mut self, late: Duration) {
        self.0.saturating_record(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn summary(&self) -> Lateness {
        if self.0.is_empty() {
            return Lateness::default();
        }
        let quantile = |q| Some(Duration::from_nanos(self.0.value_at_quantile(q)));
        Lateness {
            steps: self.0.len(),
            p50: quantile(0.5),
            p99: quantile(0.99),
            p999: quantile(0.999),
            max: Some(Duration::from_nanos(self.0.max())),
            mean: Some(Duration::from_secs_f64(self.0.mean() / 1e9)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_told_within_the_histograms_three_digits() {
        let mut log = LatenessLog::default();
        for micros in 1..=1000_u64 {
            log.record(Duration::from_micros(micros));
        }
        let summary = log.summary();
        let near = |seen: Option<Duration>, micros: u64| {
            let (seen, expected) = (seen.unwrap(), Duration::from_micros(micros));
            seen.abs_diff(expected) <= expected / 1000
        };
        assert_eq!(summary.steps, 1000);
        assert!(near(summary.p50, 500) && near(summary.p99, 990) && near(summary.max, 1000), "{summary:?}");
    }

    #[test]
    fn before_the_first_step_nothing_is_known() {
        assert_eq!(LatenessLog::default().summary(), Lateness::default());
    }
}
