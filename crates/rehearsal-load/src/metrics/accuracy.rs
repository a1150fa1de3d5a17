//! How wrong the meter is, where the truth is known: measured times against a server's own record of what it did.

use std::time::Duration;

use serde::Serialize;

use super::{Probability, QuantileMethod, e2el, mean, quantile, seconds, standard_deviation, ttft};
use crate::client::RequestTimeline;

/// What truly happened to a request, on the server's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueTimes {
    /// When the server took it.
    pub received: Duration,
    /// When it handed each of its tokens to the connection.
    pub tokens: Vec<Duration>,
}

/// The errors of one metric, measured minus true, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeterError {
    /// How many samples.
    pub n: usize,
    /// Median of the truth.
    pub true_p50: f64,
    /// Median of what was measured.
    pub measured_p50: f64,
    /// Bias: the median error.
    pub bias_p50: f64,
    /// The mean error.
    pub bias_mean: f64,
    /// Spread: the standard deviation of the errors; `null` for one sample.
    pub std: Option<f64>,
    /// 99 % of the errors are at most this large, whatever their sign.
    pub p99: f64,
    /// The largest error.
    pub max: f64,
}

/// The meter's errors. TTFT and E2EL hold what lies between the generator and the server: the network, HTTP on both sides,
/// and the generator's reading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Time to first token.
    pub ttft: Option<MeterError>,
    /// Gaps between tokens.
    pub itl: Option<MeterError>,
    /// End-to-end latency.
    pub e2el: Option<MeterError>,
    /// Requests that failed, or whose chunks are not one for each true token; they are in no error above.
    pub unmatched: usize,
}

impl Accuracy {
    /// The errors of requests whose truth is known.
    #[must_use]
    pub fn of(pairs: &[(RequestTimeline, TrueTimes)]) -> Self {
        let (mut ttfts, mut gaps, mut latencies) = (Vec::new(), Vec::new(), Vec::new());
        let mut unmatched = 0;
        for (request, truth) in pairs {
            let is_match = request.verdict.is_success() && request.chunks.len() == truth.tokens.len();
            let (Some(first), Some(last), true) = (truth.tokens.first(), truth.tokens.last(), is_match) else {
                unmatched += 1;
                continue;
            };
            let since_received = |at: &Duration| seconds(at.saturating_sub(truth.received));
            if let (Some(ttft), Some(e2el)) = (ttft(request), e2el(request)) {
                ttfts.push((since_received(first), seconds(ttft)));
                latencies.push((since_received(last), seconds(e2el)));
            }
            let measured = request.chunks.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at));
            let truly = truth.tokens.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
            gaps.extend(truly.zip(measured).map(|(truly, measured)| (seconds(truly), seconds(measured))));
        }
        Self { ttft: MeterError::of(&ttfts), itl: MeterError::of(&gaps), e2el: MeterError::of(&latencies), unmatched }
    }
}

impl MeterError {
    /// From pairs of truth and measurement; `None` without any.
    fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let sorted = |of: &dyn Fn(&(f64, f64)) -> f64| {
            let mut samples: Vec<f64> = pairs.iter().map(of).collect();
            samples.sort_unstable_by(f64::total_cmp);
            samples
        };
        let at = |samples: &[f64], p| quantile(samples, p, QuantileMethod::Type7);
        let errors = sorted(&|(truth, measured)| measured - truth);
        let sizes = sorted(&|(truth, measured)| (measured - truth).abs());
        Some(Self {
            n: pairs.len(),
            true_p50: at(&sorted(&|pair| pair.0), Probability::P50)?,
            measured_p50: at(&sorted(&|pair| pair.1), Probability::P50)?,
            bias_p50: at(&errors, Probability::P50)?,
            bias_mean: mean(&errors)?,
            std: standard_deviation(&errors),
            p99: at(&sizes, Probability::P99)?,
            max: *sizes.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::{ChunkKind, TokenChunk, Verdict},
        plan::Streaming,
    };

    #[test]
    fn errors_are_measured_minus_true_and_clocks_need_no_common_zero() {
        let ms = Duration::from_millis;
        // sent at 10, tokens at 32, 51, 72; the server took it at 1000 and sent at 1021, 1041, 1061
        let mut request = RequestTimeline::begun(0, ms(10), ms(10), Streaming::On);
        for at in [32, 51, 72] {
            request.chunks.push(TokenChunk { at: ms(at), choice: 0, kind: ChunkKind::Content, tokens: None });
        }
        request.finished = ms(80);
        request.verdict = Verdict::Ok;
        let truth = TrueTimes { received: ms(1000), tokens: vec![ms(1021), ms(1041), ms(1061)] };
        let merged = TrueTimes { received: ms(0), tokens: vec![ms(1)] };
        let accuracy = Accuracy::of(&[(request.clone(), truth), (request, merged)]);
        let in_us = |value: f64, expect: f64| (value * 1e6 - expect).abs() < 1e-3;
        // TTFT 22 for 21, E2EL 62 for 61, gaps 19 and 21 for 20 and 20
        let ttft = accuracy.ttft.unwrap();
        assert!(ttft.n == 1 && in_us(ttft.bias_p50, 1000.0) && in_us(ttft.true_p50, 21_000.0), "{ttft:?}");
        assert!(in_us(accuracy.e2el.unwrap().bias_p50, 1000.0));
        let itl = accuracy.itl.unwrap();
        assert!(itl.n == 2 && in_us(itl.bias_p50, 0.0) && in_us(itl.p99, 1000.0) && in_us(itl.max, 1000.0), "{itl:?}");
        assert_eq!(accuracy.unmatched, 1);
    }
}
