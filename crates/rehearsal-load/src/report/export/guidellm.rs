//! guidellm's `benchmarks.json`: a `GenerativeBenchmarksReport` of `guidellm/benchmark/schemas` (0.8.1). Its request
//! figures follow from the instants; distributions are those of the successes. Rates over time, which guidellm weights
//! by how long each local rate lasted, and per-status distributions of failures are left out (`null`).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    client::{ChunkKind, RequestTimeline},
    metrics::{Probability, QuantileMethod, mean, quantile, seconds},
    report::{
        Recording, Tool,
        recompute::{Seen, chunks_with_text, seen},
    },
};

pub(super) fn report(recording: &Recording) -> Value {
    let plan = &recording.plan;
    let start = recording.started_unix.unwrap_or_default();
    let wall = |at: Duration| seconds(start + at);
    let end = wall(recording.window);
    let (ok, failed): (Vec<&RequestTimeline>, Vec<&RequestTimeline>) =
        recording.requests.iter().partition(|request| seen(Tool::Guidellm, request).is_some());
    let stats: Vec<(&RequestTimeline, Seen)> =
        ok.iter().filter_map(|request| Some((*request, seen(Tool::Guidellm, request)?))).collect();
    let totals = json!({
        "successful": ok.len(), "errored": failed.len(), "incomplete": 0, "total": recording.requests.len(),
    });
    let mean_of = |length: fn(&RequestTimeline) -> Duration| {
        let lengths: Vec<f64> = recording.requests.iter().map(length).map(seconds).collect();
        mean(&lengths).unwrap_or(0.0)
    };

    json!({
        "metadata": {
            "version": 2, "guidellm_version": "0.8.1", "python_version": "none",
            "platform": concat!("rehearsal ", env!("CARGO_PKG_VERSION")),
        },
        "config": {"spec": {
            "backend": {"kind": "openai_http", "target": plan.url, "model": plan.model},
            "profile": {"kind": "concurrent", "streams": [plan.concurrency.max(1)]},
            "data": [{"kind": "json_file", "path": "requests.jsonl"}],
        }},
        "benchmarks": [{
            "type_": "generative_benchmark",
            "start_time": wall(Duration::ZERO), "end_time": end, "duration": seconds(recording.window),
            "warmup_duration": 0.0, "cooldown_duration": 0.0,
            "config": {
                "run_id": format!("rehearsal-{}", start.as_nanos()),
                "run_index": 0,
                "strategy": {"type_": "concurrent", "streams": plan.concurrency.max(1)},
                "constraints": {},
                "profile": {"kind": "concurrent", "streams": [plan.concurrency.max(1)]},
                "requests": {"max_tokens": plan.max_tokens},
                "backend": {"kind": "openai_http", "target": plan.url, "model": plan.model},
                "environment": {},
            },
            "scheduler_state": {
                "num_processes": 1, "start_time": wall(Duration::ZERO), "end_time": end,
                "start_requests_time": wall(Duration::ZERO), "end_requests_time": end,
                "created_requests": plan.requests, "processed_requests": recording.requests.len(),
                "successful_requests": ok.len(), "errored_requests": failed.len(),
            },
            "scheduler_metrics": {
                "start_time": wall(Duration::ZERO), "request_start_time": wall(Duration::ZERO),
                "measure_start_time": wall(Duration::ZERO), "measure_end_time": end,
                "request_end_time": end, "end_time": end,
                "requests_made": totals,
                "queued_time_avg": 0.0,
                "resolve_start_delay_avg": mean_of(crate::metrics::schedule_lag),
                "resolve_targeted_start_delay_avg": mean_of(crate::metrics::schedule_lag),
                "request_start_delay_avg": mean_of(|request| request.sent().saturating_sub(request.started)),
                "request_targeted_start_delay_avg": mean_of(|request| request.sent().saturating_sub(request.scheduled)),
                "request_time_avg": mean_of(|request| request.finished.saturating_sub(request.sent())),
                "resolve_end_delay_avg": 0.0,
                "resolve_time_avg": mean_of(RequestTimeline::wall),
                "finalized_delay_avg": 0.0,
                "processed_delay_avg": 0.0,
                "strategy_type": "concurrent",
            },
            "metrics": metrics(&stats, &totals),
            "requests": {
                "successful": ok.iter().map(|request| one(request, "completed", &wall)).collect::<Value>(),
                "incomplete": [],
                "errored": failed.iter().map(|request| one(request, "errored", &wall)).collect::<Value>(),
                "total": null,
            },
        }],
    })
}

/// A `GenerativeMetrics`.
fn metrics(stats: &[(&RequestTimeline, Seen)], totals: &Value) -> Value {
    let summary = |figure: &dyn Fn(&RequestTimeline, &Seen) -> Option<f64>| json!({"successful": distribution(stats.iter().filter_map(|(request, seen)| figure(request, seen)).collect())});
    let count = |tokens: fn(&RequestTimeline) -> Option<u64>| {
        summary(&move |request, _| tokens(request).map(|tokens| tokens as f64))
    };
    let total_tokens = |request: &RequestTimeline, seen: &Seen| {
        Some((request.prompt_tokens().unwrap_or(0) + seen.output_tokens?) as f64)
    };
    let absent = || json!({});
    let no_modality = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect::<Value>();
    json!({
        "request_totals": totals,
        "requests_per_second": absent(),
        "request_concurrency": absent(),
        "request_latency": summary(&|_, seen| seen.e2el.map(seconds)),
        "request_streaming_iterations_count": summary(&|request, _| Some(chunks_with_text(request).len() as f64)),
        "prompt_token_count": count(RequestTimeline::prompt_tokens),
        "output_token_count": summary(&|_, seen| seen.output_tokens.map(|tokens| tokens as f64)),
        "total_token_count": summary(&total_tokens),
        "time_to_first_token_ms": summary(&|_, seen| seen.ttft.map(ms)),
        "time_to_first_output_token_ms": summary(&|request, _| {
            Some(ms(first_output(request)?.saturating_sub(request.sent())))
        }),
        "time_per_output_token_ms": summary(&|_, seen| seen.overall_per_token.map(|seconds| seconds * 1000.0)),
        "inter_token_latency_ms": summary(&|_, seen| seen.per_token.map(|seconds| seconds * 1000.0)),
        "time_to_last_round_trip_ms": absent(),
        "avg_round_trip_time_ms": absent(),
        "prompt_tokens_per_second": absent(),
        "output_tokens_per_second": absent(),
        "tokens_per_second": absent(),
        "output_tokens_per_iteration": absent(),
        "iter_tokens_per_iteration": absent(),
        "text": no_modality(&["tokens", "words", "characters"]),
        "image": no_modality(&["tokens", "images", "pixels", "bytes"]),
        "video": no_modality(&["tokens", "frames", "seconds", "bytes"]),
        "audio": no_modality(&["tokens", "samples", "seconds", "bytes"]),
        "tool_call": no_modality(&["tokens", "mixed_tokens", "count"]),
    })
}

fn one(request: &RequestTimeline, status: &str, wall: &dyn Fn(Duration) -> f64) -> Value {
    let instants = chunks_with_text(request);
    let usage = request.usage.unwrap_or_default();
    let id = format!("rehearsal-{}", request.index);
    json!({
        "type_": "generative_request_stats",
        "request_id": id,
        "info": {
            "request_id": id,
            "status": status,
            "scheduler_start_time": wall(Duration::ZERO),
            "error": request.detail.as_deref().filter(|_| status == "errored"),
            "timings": {
                "targeted_start": wall(request.scheduled),
                "queued": wall(request.scheduled),
                "dequeued": wall(request.scheduled),
                "scheduled_at": wall(request.scheduled),
                "resolve_start": wall(request.started),
                "request_start": wall(request.sent()),
                "first_token_iteration": instants.first().copied().map(wall),
                "first_output_token_iteration": first_output(request).map(wall),
                "last_token_iteration": instants.last().copied().map(wall),
                "request_iterations": request.chunks.len() + request.marks.silent.len(),
                "token_iterations": instants.len(),
                "request_end": wall(request.finished),
                "resolve_end": wall(request.finished),
                "finalized": wall(request.finished),
            },
        },
        "input_metrics": {"text_tokens": usage.prompt_tokens, "cached_tokens": usage.cached_tokens},
        "output_metrics": {"text_tokens": usage.completion_tokens},
    })
}

/// The first chunk with text that is not reasoning.
fn first_output(request: &RequestTimeline) -> Option<Duration> {
    let is_empty = |index: usize| request.marks.empty.binary_search(&index).is_ok();
    let mut chunks = request.chunks.iter().enumerate();
    chunks.find(|(index, chunk)| chunk.kind != ChunkKind::Reasoning && !is_empty(*index)).map(|(_, chunk)| chunk.at)
}

fn ms(duration: Duration) -> f64 {
    seconds(duration) * 1000.0
}

/// A `DistributionSummary`; `null` without samples.
fn distribution(mut samples: Vec<f64>) -> Value {
    let Some(mean) = mean(&samples) else { return Value::Null };
    samples.sort_unstable_by(f64::total_cmp);
    let at =
        |numerator, denominator| quantile(&samples, Probability::new(numerator, denominator)?, QuantileMethod::Type1);
    let variance = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum::<f64>() / samples.len() as f64;
    json!({
        "mean": mean, "median": at(1, 2), "mode": mode(&samples), "variance": variance, "std_dev": variance.sqrt(),
        "min": samples.first(), "max": samples.last(), "count": samples.len(), "total_sum": mean * samples.len() as f64,
        "percentiles": {
            "p001": at(1, 1000), "p01": at(1, 100), "p05": at(5, 100), "p10": at(10, 100), "p25": at(25, 100),
            "p50": at(1, 2), "p75": at(75, 100), "p90": at(90, 100), "p95": at(95, 100), "p99": at(99, 100),
            "p999": at(999, 1000),
        },
    })
}

/// The most frequent sample, the smallest of them if several are.
fn mode(sorted: &[f64]) -> Option<f64> {
    let runs = sorted.chunk_by(|a, b| a.total_cmp(b).is_eq());
    runs.rev().max_by_key(|run| run.len()).and_then(|run| run.first().copied())
}
