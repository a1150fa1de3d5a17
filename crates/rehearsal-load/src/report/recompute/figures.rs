//! What a tool reports of many requests, in one shape for all tools.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Seen, Tool};
use crate::{
    client::RequestTimeline,
    metrics::{Probability, QuantileMethod, mean, python_p95, quantile, seconds},
};

/// The figures of one tool. Lengths are seconds; `null` is what the tool does not report, or reports as 0 for want of
/// samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolFigures {
    /// Whose definitions.
    pub tool: Tool,
    /// Requests that the tool counts as successes.
    pub ok: usize,
    /// The others.
    pub failed: usize,
    /// The time its rates are over.
    pub duration_s: f64,
    /// Successes per second.
    pub requests_per_s: Option<f64>,
    /// Output tokens of the successes.
    pub output_tokens: Option<u64>,
    /// Output tokens per second.
    pub output_tokens_per_s: Option<f64>,
    /// What it calls time to first token.
    pub ttft_s: Option<ToolStatistics>,
    /// What it calls request latency or end-to-end latency.
    pub e2el_s: Option<ToolStatistics>,
    /// Time for each token after the first, one sample a request: "TPOT", in guidellm and aiperf "ITL".
    pub per_token_s: Option<ToolStatistics>,
    /// Time for each token with the wait for the first: "TPOT" in guidellm; the script gives only its ratio of means.
    pub overall_per_token_s: Option<ToolStatistics>,
    /// Gaps between chunks, pooled: "ITL", in aiperf "ICL".
    pub gap_s: Option<ToolStatistics>,
}

/// Statistics of one figure, by the tool's own quantiles and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolStatistics {
    /// How many samples.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation; over n − 1 for our own, over n for the other tools.
    pub std: Option<f64>,
    /// Smallest sample.
    pub min: f64,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Largest sample.
    pub max: f64,
}

impl ToolFigures {
    pub(super) fn of(tool: Tool, requests: &[RequestTimeline], window: Duration) -> Self {
        let seen: Vec<Seen> = requests.iter().filter_map(|request| tool.read(request)).collect();
        let duration_s = seconds(match tool {
            Tool::Guidellm | Tool::Aiperf => first_start_to_last_end(requests),
            _ => window,
        });
        let known: Vec<u64> = seen.iter().filter_map(|seen| seen.output_tokens).collect();
        let output_tokens = (!known.is_empty()).then(|| known.iter().sum::<u64>());
        let rate = |count: f64| (0.0 < duration_s && !seen.is_empty()).then(|| count / duration_s);
        let of = |samples: Vec<f64>| ToolStatistics::of(tool, samples);
        let lengths = |figure: fn(&Seen) -> Option<Duration>| of(seen.iter().filter_map(figure).map(seconds).collect());
        let overall = of(seen.iter().filter_map(|seen| seen.overall_per_token).collect());
        Self {
            tool,
            ok: seen.len(),
            failed: requests.len() - seen.len(),
            duration_s,
            requests_per_s: rate(seen.len() as f64),
            output_tokens,
            output_tokens_per_s: output_tokens.and_then(|tokens| rate(tokens as f64)),
            ttft_s: lengths(|seen| seen.ttft),
            e2el_s: lengths(|seen| seen.e2el),
            per_token_s: of(seen.iter().filter_map(|seen| seen.per_token).collect()),
            overall_per_token_s: match tool {
                Tool::Seed => ratio_of_means(&seen, overall),
                _ => overall,
            },
            gap_s: of(seen.iter().flat_map(|seen| &seen.gaps).copied().map(seconds).collect()),
        }
    }
}

/// The script divides the mean latency by the mean token count, which is not the mean of the quotients.
fn ratio_of_means(seen: &[Seen], overall: Option<ToolStatistics>) -> Option<ToolStatistics> {
    let latencies: Vec<f64> = seen.iter().filter_map(|seen| seen.e2el).map(seconds).collect();
    let tokens: Vec<f64> = seen.iter().filter_map(|seen| seen.output_tokens).map(|tokens| tokens as f64).collect();
    let ratio = mean(&latencies)? / mean(&tokens).filter(|mean| 0.0 < *mean)?;
    overall.map(|overall| ToolStatistics {
        mean: ratio,
        std: None,
        p50: None,
        p90: None,
        p95: None,
        p99: None,
        ..overall
    })
}

fn first_start_to_last_end(requests: &[RequestTimeline]) -> Duration {
    let start = requests.iter().map(|request| request.started).min().unwrap_or_default();
    let end = requests.iter().map(|request| request.finished).max().unwrap_or_default();
    end.saturating_sub(start)
}

impl ToolStatistics {
    fn of(tool: Tool, mut samples: Vec<f64>) -> Option<Self> {
        let mean = mean(&samples)?;
        samples.sort_unstable_by(f64::total_cmp);
        let method = match tool {
            Tool::Seed => None,
            Tool::Guidellm => Some(QuantileMethod::Type1),
            _ => Some(QuantileMethod::Type7),
        };
        let at = |p| quantile(&samples, p, method?);
        let median = quantile(&samples, Probability::P50, QuantileMethod::Type7);
        Some(Self {
            n: samples.len(),
            mean,
            std: match tool {
                Tool::Seed => None,
                Tool::Native => crate::metrics::standard_deviation(&samples),
                _ => Some(population_deviation(&samples, mean)),
            },
            min: *samples.first()?,
            p50: if tool == Tool::Seed { median } else { at(Probability::P50) },
            p90: at(Probability::P90),
            p95: if tool == Tool::Seed { python_p95(&samples) } else { at(Probability::P95) },
            p99: at(Probability::P99),
            max: *samples.last()?,
        })
    }
}

/// numpy's `std` without arguments: over n.
fn population_deviation(samples: &[f64], mean: f64) -> f64 {
    let squares: f64 = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum();
    (squares / samples.len() as f64).sqrt()
}
