//! What is compared: a statistic of a measure, such as `p95_ttft`.

use std::{fmt, str::FromStr, time::Duration};

use crate::{
    client::RequestTimeline,
    metrics::{Probability, QuantileMethod, e2el, gaps, mean, quantile, scheduled_latency, seconds, tpot, ttfot, ttft},
    report::Recording,
};

/// What one request, or one stretch of the run, contributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Time to first token.
    Ttft,
    /// Time to first output token.
    Ttfot,
    /// Time per output token.
    Tpot,
    /// Gaps between chunks, pooled.
    Itl,
    /// End-to-end latency.
    E2el,
    /// The same from the instant when the request was due.
    ScheduledLatency,
    /// Successes per second, over ten equal stretches of the window (batch means).
    RequestsPerS,
    /// Output tokens per second, likewise, each answer's tokens at its end.
    OutputTokensPerS,
    /// The share of requests that failed.
    ErrorRate,
}

/// Which statistic of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

/// A statistic of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Figure {
    /// Which statistic.
    pub statistic: Statistic,
    /// Of what.
    pub measure: Measure,
}

/// A word that is no figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no figure `{name}`; write a statistic and a latency, such as p95_ttft, mean_tpot, p99_itl, p50_e2el, or one of \
     requests_per_s, output_tokens_per_s, error_rate"
)]
pub struct FigureError {
    name: String,
}

/// Stretches of the window that rates are taken over.
const BATCHES: usize = 10;

const MEASURES: [(&str, Measure); 11] = [
    ("ttft", Measure::Ttft),
    ("ttfot", Measure::Ttfot),
    ("tpot", Measure::Tpot),
    ("itl", Measure::Itl),
    ("e2el", Measure::E2el),
    ("latency", Measure::E2el),
    ("scheduled_latency", Measure::ScheduledLatency),
    ("requests_per_s", Measure::RequestsPerS),
    ("output_tokens_per_s", Measure::OutputTokensPerS),
    ("error_rate", Measure::ErrorRate),
    ("qps", Measure::RequestsPerS),
];

const STATISTICS: [(&str, Statistic); 6] = [
    ("mean", Statistic::Mean),
    ("p50", Statistic::P50),
    ("median", Statistic::P50),
    ("p90", Statistic::P90),
    ("p95", Statistic::P95),
    ("p99", Statistic::P99),
];

impl FromStr for Figure {
    type Err = FigureError;

    fn from_str(text: &str) -> Result<Self, FigureError> {
        let name = text.trim().to_lowercase().replace('-', "_");
        let measure = |word: &str| MEASURES.iter().find(|(name, _)| *name == word).map(|(_, measure)| *measure);
        if let Some(measure) = measure(&name).filter(|measure| !measure.is_latency()) {
            return Ok(Self { statistic: Statistic::Mean, measure });
        }
        let figure = name.split_once('_').and_then(|(statistic, rest)| {
            let (_, statistic) = STATISTICS.iter().find(|(name, _)| *name == statistic)?;
            Some(Self { statistic: *statistic, measure: measure(rest).filter(|measure| measure.is_latency())? })
        });
        figure.ok_or_else(|| FigureError { name: text.trim().to_owned() })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = MEASURES.iter().find(|(_, measure)| *measure == self.measure).map_or("", |(name, _)| name);
        if !self.measure.is_latency() {
            return f.pad(measure);
        }
        let statistic = STATISTICS.iter().find(|(_, it)| *it == self.statistic).map_or("", |(name, _)| name);
        f.pad(&format!("{statistic}_{measure}"))
    }
}

impl Measure {
    /// Whether it is a length of time.
    #[must_use]
    pub fn is_latency(self) -> bool {
        !matches!(self, Self::RequestsPerS | Self::OutputTokensPerS | Self::ErrorRate)
    }

    /// Whether more of it is better.
    #[must_use]
    pub fn more_is_better(self) -> bool {
        matches!(self, Self::RequestsPerS | Self::OutputTokensPerS)
    }

    /// The samples of one run: seconds, rates, or 1 for a failure and 0 for a success.
    pub(super) fn samples(self, run: &Recording) -> Vec<f64> {
        let ok = || run.requests.iter().filter(|request| request.verdict.is_success());
        let one = |length: fn(&RequestTimeline) -> Option<Duration>| ok().filter_map(length).map(seconds).collect();
        match self {
            Self::Ttft => one(ttft),
            Self::Ttfot => one(ttfot),
            Self::Tpot => one(tpot),
            Self::E2el => one(e2el),
            Self::ScheduledLatency => one(scheduled_latency),
            Self::Itl => ok().flat_map(gaps).map(|gap| seconds(gap.length)).collect(),
            Self::RequestsPerS => rates(run, |_| Some(1)),
            Self::OutputTokensPerS => rates(run, RequestTimeline::output_tokens),
            Self::ErrorRate => {
                run.requests.iter().map(|request| if request.verdict.is_success() { 0.0 } else { 1.0 }).collect()
            }
        }
    }
}

/// What the successes amount to in each of the window's stretches, per second. None over no time.
fn rates(run: &Recording, amount: fn(&RequestTimeline) -> Option<u64>) -> Vec<f64> {
    let stretch = run.window.as_nanos() / BATCHES as u128;
    if stretch == 0 {
        return Vec::new();
    }
    let mut sums = [0u64; BATCHES];
    for request in run.requests.iter().filter(|request| request.verdict.is_success()) {
        let place = usize::try_from(request.finished.as_nanos() / stretch).unwrap_or(BATCHES).min(BATCHES - 1);
        sums[place] += amount(request).unwrap_or(0);
    }
    let length = seconds(run.window) / BATCHES as f64;
    sums.iter().map(|sum| *sum as f64 / length).collect()
}

impl Statistic {
    /// [`of`](Self::of) for one of many resamples: nothing is sorted, and the sum is a plain one. The last digits differ.
    pub(super) fn quickly(self, samples: &mut [f64]) -> Option<f64> {
        let share = match self {
            Self::Mean if samples.is_empty() => return None,
            Self::Mean => return Some(samples.iter().sum::<f64>() / samples.len() as f64),
            Self::P50 => 0.5,
            Self::P90 => 0.9,
            Self::P95 => 0.95,
            Self::P99 => 0.99,
        };
        let position = share * samples.len().checked_sub(1)? as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
        let below = position as usize;
        let (_, low, above) = samples.select_nth_unstable_by(below, f64::total_cmp);
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*low);
        Some((high - *low).mul_add(position.fract(), *low))
    }

    /// The statistic of `samples`, which it may reorder; `None` for none.
    pub(super) fn of(self, samples: &mut [f64]) -> Option<f64> {
        let p = match self {
            Self::Mean => return mean(samples),
            Self::P50 => Probability::P50,
            Self::P90 => Probability::P90,
            Self::P95 => Probability::P95,
            Self::P99 => Probability::P99,
        };
        samples.sort_unstable_by(f64::total_cmp);
        quantile(samples, p, QuantileMethod::Type7)
    }
}
