//! The JSON output of `guidellm` (0.8.1): the first benchmark's metrics, over successful requests.

use serde_json::Value;

use super::{Reported, count, number, whole};

pub(super) fn read(report: &Value) -> Option<Reported> {
    let benchmark = report.pointer("/benchmarks/0")?;
    benchmark.pointer("/metrics/request_totals")?;
    let mean = |metric: &str| number(benchmark, &format!("/metrics/{metric}/successful/mean"));
    let successes = count(benchmark, "/metrics/request_totals/successful");
    let sum = number(benchmark, "/metrics/output_token_count/successful/total_sum");
    Some(Reported {
        successes,
        failures: count(benchmark, "/metrics/request_totals/errored"),
        ttft_ms: mean("time_to_first_token_ms"),
        e2el_ms: mean("request_latency").map(|seconds| seconds * 1000.0),
        tpot_ms: mean("time_per_output_token_ms"),
        itl_ms: mean("inter_token_latency_ms"),
        output_tokens: sum.and_then(whole),
        warnings: Vec::new(),
    })
}
