//! Service-level objectives over a whole run.

use std::{fmt, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    client::RequestTimeline,
    metrics::{Objective, SloMetric, e2el, seconds, tpot, ttft},
};

/// An objective that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no objective: {why}; write it like ttft:p95<500ms, with ttft, tpot or e2el, and us, ms or s")]
pub struct SloError {
    text: String,
    why: &'static str,
}

/// `ttft:p95<500ms`: of all requests sent, at least 95 % have a TTFT below 500 ms.
///
/// Requests that failed and arrivals that were dropped count as infinitely late, so that a server cannot meet an
/// objective by refusing work. The share is compared in integers, so there is no interpolation between samples.
///
/// ```
/// let slo: rehearsal_load::search::Slo = "tpot:p99<60ms".parse()?;
/// assert_eq!(slo.to_string(), "tpot:p99<60ms");
/// # Ok::<(), rehearsal_load::search::SloError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slo {
    text: String,
    objective: Objective,
    /// In thousandths of a per cent.
    share: u64,
}

const WHOLE: u64 = 100_000;

/// Whether a run met an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SloOutcome {
    /// It did.
    Met,
    /// It did not.
    Missed,
}

/// One objective over one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SloResult {
    /// The objective as written.
    pub slo: String,
    /// The quantile that it is about, by order statistic (type 1); `null` when it falls on a request that failed.
    pub value_s: Option<f64>,
    /// Whether it was met.
    pub outcome: SloOutcome,
}

impl Slo {
    /// Judges a run of these requests, with so many arrivals that were dropped besides. A run without any is missed.
    #[must_use]
    pub fn judge(&self, requests: &[RequestTimeline], dropped: usize) -> SloResult {
        let sent = requests.len() + dropped;
        let good = requests.iter().filter(|request| self.objective.is_met_by(request)).count();
        // good / sent at least share / WHOLE
        let met = 0 < sent && sent as u128 * u128::from(self.share) <= good as u128 * u128::from(WHOLE);
        SloResult {
            slo: self.text.clone(),
            value_s: self.quantile(requests, sent).map(seconds),
            outcome: if met { SloOutcome::Met } else { SloOutcome::Missed },
        }
    }

    /// What a single request has to meet.
    #[must_use]
    pub fn objective(&self) -> Objective {
        self.objective
    }

    fn quantile(&self, requests: &[RequestTimeline], sent: usize) -> Option<Duration> {
        let mut values: Vec<Duration> = requests
            .iter()
            .filter(|request| request.verdict.is_success())
            .filter_map(|request| match self.objective.metric {
                SloMetric::Ttft => ttft(request),
                SloMetric::E2el => e2el(request),
                SloMetric::Tpot if request.output_tokens() == Some(1) => Some(Duration::ZERO),
                SloMetric::Tpot => tpot(request),
            })
            .collect();
        values.sort_unstable();
        let rank = (sent as u128 * u128::from(self.share)).div_ceil(u128::from(WHOLE));
        values.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied()
    }
}

impl FromStr for Slo {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        let wrong = |why| SloError { text: text.to_owned(), why };
        let (metric, rest) = text.split_once(':').ok_or(wrong("there is no `:` after the metric"))?;
        let (share, limit) = rest.split_once('<').ok_or(wrong("there is no `<` before the limit"))?;
        let metric = match metric.trim() {
            "ttft" => SloMetric::Ttft,
            "tpot" => SloMetric::Tpot,
            "e2el" => SloMetric::E2el,
            _ => return Err(wrong("the metric is not known")),
        };
        let share =
            share.trim().strip_prefix('p').and_then(per_cent).ok_or(wrong("the percentile is not p0.001 to p100"))?;
        let (limit, inclusive) = limit.strip_prefix('=').map_or((limit, false), |limit| (limit, true));
        let limit = duration(limit.trim()).ok_or(wrong("the limit is no length above 0"))?;
        let at_most = if inclusive { limit } else { limit.saturating_sub(Duration::from_nanos(1)) };
        Ok(Self { text: text.trim().to_owned(), objective: Objective { metric, at_most }, share })
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `99.9` as thousandths of a per cent.
fn per_cent(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if 3 < fraction.len() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
    let share = whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths)?;
    (1..=WHOLE).contains(&share).then_some(share)
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match (text.strip_suffix("us"), text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _, _) => (number, 1e-6),
        (_, Some(number), _) => (number, 1e-3),
        (_, _, Some(number)) => (number, 1.0),
        _ => return None,
    };
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::Verdict, plan::Streaming};

    /// Requests that are answered after 1 ms, 2 ms and so on.
    fn answered_after(count: u64) -> Vec<RequestTimeline> {
        (1..=count)
            .map(|ms| {
                let mut request = RequestTimeline::begun(0, Duration::ZERO, Duration::ZERO, Streaming::Off);
                request.finished = Duration::from_millis(ms);
                request.verdict = Verdict::Ok;
                request
            })
            .collect()
    }

    #[track_caller]
    fn check(slo: &str, requests: &[RequestTimeline], dropped: usize, value_ms: Option<u32>, expect: SloOutcome) {
        let result = slo.parse::<Slo>().unwrap().judge(requests, dropped);
        assert_eq!((result.value_s, result.outcome), (value_ms.map(|ms| f64::from(ms) / 1000.0), expect), "{slo}");
    }

    #[test]
    fn an_objective_is_about_a_share_of_what_was_sent() {
        let hundred = answered_after(100);
        check("e2el:p95<=95ms", &hundred, 0, Some(95), SloOutcome::Met);
        check("e2el:p95<95ms", &hundred, 0, Some(95), SloOutcome::Missed);
        check("e2el:p95<95.001ms", &hundred, 0, Some(95), SloOutcome::Met);
        check("e2el:p95.1<=0.096s", &hundred, 0, Some(96), SloOutcome::Met);
        check("e2el:p100<100000us", &hundred, 0, Some(100), SloOutcome::Missed);
        check("e2el:p99<1s", &[], 0, None, SloOutcome::Missed);
        check("ttft:p50<1s", &hundred, 0, None, SloOutcome::Missed);
    }

    #[test]
    fn failures_and_dropped_arrivals_are_infinitely_late() {
        let mut requests = answered_after(95);
        check("e2el:p95<1s", &requests, 5, Some(95), SloOutcome::Met);
        check("e2el:p95<1s", &requests, 6, None, SloOutcome::Missed);
        requests[0].verdict = Verdict::Timeout;
        check("e2el:p95<1s", &requests, 5, None, SloOutcome::Missed);
    }

    #[test]
    fn what_is_no_objective_is_quoted_with_the_reason() {
        for (text, why) in [
            ("ttft<5ms", "no `:`"),
            ("itl:p50<5ms", "not known"),
            ("ttft:95<5ms", "percentile"),
            ("ttft:p101<5ms", "percentile"),
            ("ttft:p0<5ms", "percentile"),
            ("ttft:p50>5ms", "no `<`"),
            ("ttft:p50<5", "length"),
            ("ttft:p50<-5ms", "length"),
        ] {
            let message = text.parse::<Slo>().unwrap_err().to_string();
            assert!(message.contains(text) && message.contains(why), "{message}");
        }
    }
}
