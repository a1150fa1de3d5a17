//! Rates over the measured window. A rate is a sum over a duration: never a sum or a mean of rates.

use std::time::Duration;

use super::seconds;
use crate::client::RequestTimeline;

/// Successes per second: number of successes ÷ window. Undefined without a success or over an empty window.
#[must_use]
pub fn request_throughput(requests: &[RequestTimeline], window: Duration) -> Option<f64> {
    let ok = requests.iter().filter(|request| request.verdict.is_success()).count();
    if ok == 0 { None } else { qps(ok, seconds(window)) }
}

/// Output tokens per second: Σ completion tokens of the successes whose usage states them ÷ window. Undefined when none
/// does: tokens are not guessed, so successes without usage make it too low, and the report warns.
#[must_use]
pub fn output_throughput(requests: &[RequestTimeline], window: Duration) -> Option<f64> {
    token_rate(requests, window, RequestTimeline::output_tokens)
}

/// Prompt tokens per second: Σ prompt tokens, cached ones included, of the successes whose usage states them ÷ window.
#[must_use]
pub fn prompt_throughput(requests: &[RequestTimeline], window: Duration) -> Option<f64> {
    token_rate(requests, window, RequestTimeline::prompt_tokens)
}

fn token_rate(
    requests: &[RequestTimeline],
    window: Duration,
    tokens: impl Fn(&RequestTimeline) -> Option<u64>,
) -> Option<f64> {
    let known: Vec<u64> = requests.iter().filter(|request| request.verdict.is_success()).filter_map(tokens).collect();
    if known.is_empty() || window.is_zero() {
        return None;
    }
    Some(known.iter().sum::<u64>() as f64 / seconds(window))
}

/// Requests in flight on average: Σ (end − start) of all requests, failed ones too, within the window ÷ window.
#[must_use]
pub fn mean_concurrency(requests: &[RequestTimeline], window: Duration) -> Option<f64> {
    if window.is_zero() {
        return None;
    }
    let busy: Duration =
        requests.iter().map(|request| request.finished.min(window).saturating_sub(request.started)).sum();
    Some(seconds(busy) / seconds(window))
}

/// `qps` of the seed schema: `ok ÷ total_time_s`. Undefined over no time.
#[must_use]
pub fn qps(ok: usize, total_time_s: f64) -> Option<f64> {
    (0.0 < total_time_s).then(|| ok as f64 / total_time_s)
}

/// `derived.prompt_tps` of the seed schema: `prompt_tokens_mean × qps`.
#[must_use]
pub fn prompt_tps(prompt_tokens_mean: f64, qps: f64) -> f64 {
    prompt_tokens_mean * qps
}

/// `derived.decode_tps` of the seed schema: `completion_tokens_mean × qps`. It is the output throughput of the whole
/// run, prefill and queueing included, and not the speed of the decode phase.
#[must_use]
pub fn decode_tps(completion_tokens_mean: f64, qps: f64) -> f64 {
    completion_tokens_mean * qps
}

/// `derived.ms_per_output_token` of the seed schema: `latency mean × 1000 ÷ completion_tokens_mean`. It includes the
/// time to the first token, so it is not TPOT. Undefined when either is 0.
#[must_use]
pub fn ms_per_output_token(latency_mean_s: f64, completion_tokens_mean: f64) -> Option<f64> {
    (0.0 < latency_mean_s && 0.0 < completion_tokens_mean).then(|| latency_mean_s * 1000.0 / completion_tokens_mean)
}
