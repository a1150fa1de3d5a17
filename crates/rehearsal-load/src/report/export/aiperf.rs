//! aiperf's `profile_export.jsonl`: a `MetricRecordInfo` of `aiperf/common/models/record_models.py` (0.13.0) a line, with
//! metrics in their display units.

use serde_json::{Map, Value, json};

use crate::{
    client::RequestTimeline,
    metrics::{seconds, ttfot},
    plan::Streaming,
    report::{Recording, Tool, recompute::seen},
};

pub(super) fn lines(recording: &Recording) -> String {
    let mut lines = String::new();
    for request in recording
        .warm_up
        .iter()
        .map(|request| (request, "warmup"))
        .chain(recording.requests.iter().map(|request| (request, "profiling")))
    {
        let (request, phase) = request;
        lines += &record(recording, request, phase).to_string();
        lines.push('\n');
    }
    lines
}

fn record(recording: &Recording, request: &RequestTimeline, phase: &str) -> Value {
    let wall = |at: std::time::Duration| {
        let since_epoch = recording.started_unix.unwrap_or_default() + at;
        u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
    };
    let id = format!("rehearsal-{phase}-{}", request.index);
    let seen = seen(Tool::Aiperf, request);
    let error = match &seen {
        Some(_) => Value::Null,
        None => json!({
            "code": request.status,
            "type": request.verdict.name(),
            "message": request.detail.as_deref().unwrap_or(request.verdict.name()),
        }),
    };

    let mut metrics = Map::new();
    let mut put = |tag: &str, value: Option<Value>, unit: &str| {
        if let Some(value) = value {
            metrics.insert(tag.to_owned(), json!({"value": value, "unit": unit}));
        }
    };
    let ms = |duration: std::time::Duration| seconds(duration) * 1000.0;
    let tokens = |count: Option<u64>| count.map(Value::from);
    if let Some(seen) = seen {
        put("request_latency", seen.e2el.map(|length| json!(ms(length))), "ms");
        put("time_to_first_token", seen.ttft.map(|length| json!(ms(length))), "ms");
        let ttfot = ttfot(request).map(|length| length + request.connect.unwrap_or_default());
        put("time_to_first_output_token", ttfot.map(|length| json!(ms(length))), "ms");
        put("time_to_second_token", seen.gaps.first().map(|gap| json!(ms(*gap))), "ms");
        put("inter_token_latency", seen.per_token.map(|length| json!(length * 1000.0)), "ms");
        let gaps: Vec<f64> = seen.gaps.iter().map(|gap| ms(*gap)).collect();
        put("inter_chunk_latency", (!gaps.is_empty()).then(|| json!(gaps)), "ms");
        let reasoning = request.usage.and_then(|usage| usage.reasoning_tokens);
        put("output_sequence_length", tokens(seen.output_tokens), "tokens");
        put(
            "output_token_count",
            tokens(seen.output_tokens.map(|all| all.saturating_sub(reasoning.unwrap_or(0)))),
            "tokens",
        );
        put("reasoning_token_count", tokens(reasoning), "tokens");
    }
    put("input_sequence_length", tokens(request.prompt_tokens()), "tokens");

    json!({
        "metadata": {
            "session_num": request.index,
            "x_request_id": id,
            "x_correlation_id": id,
            "conversation_id": id,
            "turn_index": 0,
            "credit_issued_ns": wall(request.scheduled),
            "request_start_ns": wall(request.started),
            "request_ack_ns": request.headers.filter(|_| request.streaming == Streaming::On).map(wall),
            "request_end_ns": wall(request.finished),
            "worker_id": "rehearsal",
            "record_processor_id": "rehearsal",
            "benchmark_phase": phase,
            "was_cancelled": false,
            "cancellation_time_ns": null,
        },
        "metrics": metrics,
        "error": error,
    })
}
