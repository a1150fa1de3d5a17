//! llm-d's Benchmark Report 0.2.1, as its JSON Schema has it: our own definitions, in seconds.

use serde_json::{Value, json};

use crate::{
    client::RequestTimeline,
    metrics::{Distribution, seconds},
    report::{Completion, Recording},
};

pub(super) fn report(recording: &Recording) -> Value {
    let report = recording.report();
    let plan = &report.plan;
    let latency = &report.latency;
    let throughput = &report.throughput;
    let ok = || recording.requests.iter().filter(|request| request.verdict.is_success());
    let lengths = |tokens: fn(&RequestTimeline) -> Option<u64>| {
        Distribution::of(ok().filter_map(tokens).map(|tokens| tokens as f64).collect(), report.quantile_method)
    };
    let input = lengths(RequestTimeline::prompt_tokens);
    let output = lengths(RequestTimeline::output_tokens);
    let overall =
        ok().filter_map(|request| Some(seconds(crate::metrics::e2el(request)?) / request.output_tokens()? as f64));
    let overall = Distribution::of(overall.filter(|share| share.is_finite()).collect(), report.quantile_method);
    let incomplete = match report.completion {
        Completion::Interrupted { abandoned } => Some(abandoned),
        _ => None,
    };
    let start = recording.started_at();
    let end = start.saturating_add(recording.window).unwrap_or(start);
    let rate = |units: &str, mean: Option<f64>| mean.map(|mean| json!({"units": units, "mean": mean}));
    let both = throughput.prompt_tokens_per_s.zip(throughput.output_tokens_per_s).map(|(input, output)| input + output);
    let missing_length = json!({"distribution": "other", "value": 0});

    json!({
        "version": "0.2.1",
        "run": {
            "uid": format!("rehearsal-{}-{}", recording.started_unix.unwrap_or_default().as_nanos(), recording.requests.len()),
            "time": {
                "start": start.to_string(),
                "end": end.to_string(),
                "duration": format!("PT{}S", report.window_s),
            },
            "description": report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        },
        "scenario": {
            "load": {
                "metadata": {"schema_version": "0.0.1"},
                "standardized": {
                    "tool": "rehearsal",
                    "tool_version": env!("CARGO_PKG_VERSION"),
                    "source": "unknown",
                    "input_seq_len": input.as_ref().map_or(missing_length, length),
                    "output_seq_len": output.as_ref().map(length),
                    "concurrency": plan.concurrency.max(1),
                },
                "native": {"config": plan},
            },
        },
        "results": {
            "request_performance": {
                "aggregate": {
                    "requests": {
                        "total": recording.requests.len() + incomplete.unwrap_or(0),
                        "failures": report.counts.errors,
                        "incomplete": incomplete,
                        "input_length": input.as_ref().map(|of| statistics("count", of)),
                        "output_length": output.as_ref().map(|of| statistics("count", of)),
                    },
                    "latency": {
                        "time_to_first_token": latency.ttft_s.as_ref().map(|of| statistics("s", of)),
                        "normalized_time_per_output_token": overall.as_ref().map(|of| statistics("s/token", of)),
                        "time_per_output_token": latency.tpot_s.as_ref().map(|of| statistics("s/token", of)),
                        "inter_token_latency": latency.itl_pooled_s.as_ref().map(|of| statistics("s/token", of)),
                        "request_latency": latency.e2el_s.as_ref().map(|of| statistics("s", of)),
                    },
                    "throughput": {
                        "input_token_rate": rate("tokens/s", throughput.prompt_tokens_per_s),
                        "output_token_rate": rate("tokens/s", throughput.output_tokens_per_s),
                        "total_token_rate": rate("tokens/s", both),
                        "request_rate": rate("queries/s", throughput.requests_per_s),
                    },
                },
            },
        },
    })
}

fn statistics(units: &str, of: &Distribution) -> Value {
    json!({
        "units": units, "mean": of.mean, "stddev": of.std, "min": of.min, "p50": of.p50.value, "p90": of.p90.value,
        "p95": of.p95.value, "p99": of.p99.value, "max": of.max,
    })
}

fn length(of: &Distribution) -> Value {
    let fixed = of.min.total_cmp(&of.max).is_eq();
    // token counts are whole numbers of far less than 2^53
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers, far below 2^53")]
    let whole = |value: f64| value as u64;
    json!({
        "distribution": if fixed { "fixed" } else { "other" }, "value": of.mean, "std_dev": of.std,
        "min": whole(of.min), "max": whole(of.max),
    })
}
