//! The result file of the report's own script: same keys, same order, same arithmetic.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{PlanSummary, to_python_json};
use crate::{
    client::RequestTimeline,
    metrics::{decode_tps, mean, median, ms_per_output_token, prompt_tps, python_p95, qps, seconds, ttft},
    plan::LoadPlan,
};

/// The seed schema. [`to_json`](Self::to_json) writes it as the script's `json.dumps(…, indent=2)` does, so that Python
/// recomputes every figure from the log bit for bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedReport {
    /// The whole URL.
    pub endpoint: String,
    /// The model's name as sent.
    pub model: String,
    /// Workers.
    pub concurrency: usize,
    /// Requests of the plan, or those that were answered if it was cut short: always `ok + errors`.
    pub requests: usize,
    /// Most tokens of an answer.
    pub max_tokens: u32,
    /// Sampling temperature.
    pub temperature: f64,
    /// Whether answers were streamed.
    pub stream: bool,
    /// Requests that returned a complete answer.
    pub ok: usize,
    /// The others.
    pub errors: usize,
    /// Wall time of the closed loop, without the warm-up.
    pub total_time_s: f64,
    /// `ok / total_time_s`; `null` over no time.
    pub qps: Option<f64>,
    /// Start to end of answer, over successes, connection included.
    pub latency_s: SeedStatistics,
    /// [`ttft`] over successes; all `null` unless streamed. (The script's own clock started after the headers and
    /// stopped on the role chunk; that error is not reproduced.)
    pub ttft_s: SeedStatistics,
    /// Means of the server's counts.
    pub token_usage: SeedTokenUsage,
    /// What follows from the above.
    pub derived: SeedDerived,
}

/// Five figures of a set of samples, all `null` when it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedStatistics {
    /// `statistics.median`.
    pub p50: Option<f64>,
    /// `statistics.quantiles(x, n=20)[-1]`, type 6; `null` below 20 samples.
    pub p95: Option<f64>,
    /// `statistics.mean`.
    pub mean: Option<f64>,
    /// Smallest sample.
    pub min: Option<f64>,
    /// Largest sample.
    pub max: Option<f64>,
}

/// Means over successes whose usage states the number; `null` if none does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedTokenUsage {
    /// Prompt tokens.
    pub prompt_tokens_mean: Option<f64>,
    /// Completion tokens.
    pub completion_tokens_mean: Option<f64>,
}

/// Products and quotients of the other fields.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedDerived {
    /// See [`prompt_tps`].
    pub prompt_tps: Option<f64>,
    /// See [`decode_tps`].
    pub decode_tps: Option<f64>,
    /// See [`ms_per_output_token`].
    pub ms_per_output_token: Option<f64>,
}

impl SeedReport {
    /// The report of `requests`, measured over `window` by `plan`.
    #[must_use]
    pub fn new(plan: &LoadPlan, requests: &[RequestTimeline], window: Duration) -> Self {
        Self::of(&PlanSummary::from(plan), requests, window)
    }

    /// The same for a plan that is known by its summary only.
    #[must_use]
    pub fn of(plan: &PlanSummary, requests: &[RequestTimeline], window: Duration) -> Self {
        let successes: Vec<&RequestTimeline> = requests.iter().filter(|request| request.verdict.is_success()).collect();
        let ok = successes.len();
        let total_time_s = seconds(window);
        let latency_s = SeedStatistics::of(successes.iter().map(|request| seconds(request.wall())).collect());
        let token_usage = SeedTokenUsage {
            prompt_tokens_mean: mean_count(successes.iter().filter_map(|request| request.prompt_tokens())),
            completion_tokens_mean: mean_count(successes.iter().filter_map(|request| request.output_tokens())),
        };
        let qps = qps(ok, total_time_s);

        Self {
            endpoint: plan.url.clone(),
            model: plan.model.clone(),
            concurrency: plan.concurrency,
            requests: requests.len(),
            max_tokens: plan.max_tokens,
            temperature: plan.temperature,
            stream: plan.stream,
            ok,
            errors: requests.len() - ok,
            total_time_s,
            qps,
            latency_s,
            ttft_s: SeedStatistics::of(successes.iter().filter_map(|request| ttft(request)).map(seconds).collect()),
            token_usage,
            derived: SeedDerived::of(qps, latency_s.mean, token_usage),
        }
    }

    /// The script's text, without a line break at the end.
    ///
    /// # Panics
    /// Never: numbers and strings always have a JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_python_json(self).expect("a struct of numbers and strings has a JSON text")
    }

    /// Reads a result file of the script, or of [`to_json`](Self::to_json).
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The derived figures, recomputed from the other fields.
    #[must_use]
    pub fn derive_again(&self) -> SeedDerived {
        SeedDerived::of(qps(self.ok, self.total_time_s), self.latency_s.mean, self.token_usage)
    }
}

impl SeedStatistics {
    /// The five figures of `samples`.
    #[must_use]
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_unstable_by(f64::total_cmp);
        Self {
            p50: median(&samples),
            p95: python_p95(&samples),
            mean: mean(&samples),
            min: samples.first().copied(),
            max: samples.last().copied(),
        }
    }
}

impl SeedDerived {
    fn of(qps: Option<f64>, latency_mean: Option<f64>, tokens: SeedTokenUsage) -> Self {
        let rate = |mean: Option<f64>, rate: fn(f64, f64) -> f64| Some(rate(mean?, qps?));
        Self {
            prompt_tps: rate(tokens.prompt_tokens_mean, prompt_tps),
            decode_tps: rate(tokens.completion_tokens_mean, decode_tps),
            ms_per_output_token: match (latency_mean, tokens.completion_tokens_mean) {
                (Some(latency), Some(tokens)) => ms_per_output_token(latency, tokens),
                _ => None,
            },
        }
    }
}

/// Mean of integers, rounded once.
fn mean_count(counts: impl Iterator<Item = u64>) -> Option<f64> {
    let counts: Vec<f64> = counts.map(|count| count as f64).collect();
    mean(&counts)
}
