//! The result file of `vllm bench serve --save-result --save-detailed`: keys and order of `vllm/benchmarks/serve.py` of
//! vLLM 0.33.0. What it writes as 0 for want of samples is 0 here too, because its readers expect a number.

use serde_json::{Map, Value, json};

use crate::{
    client::RequestTimeline,
    metrics::seconds,
    plan::Endpoint,
    report::{
        Recording, Tool, ToolStatistics, recompute,
        recompute::{Seen, seen},
    },
};

pub(super) fn result(recording: &Recording) -> Value {
    let plan = &recording.plan;
    let figures = recompute(Tool::Vllm033, &recording.requests, recording.window);
    let all: Vec<(&RequestTimeline, Seen)> =
        recording.requests.iter().map(|request| (request, seen(Tool::Vllm033, request).unwrap_or_default())).collect();
    let succeeded = |request: &RequestTimeline| seen(Tool::Vllm033, request).is_some();
    let prompt_tokens = |request: &RequestTimeline| request.prompt_tokens().unwrap_or(0);
    let total_input: u64 = recording.requests.iter().filter(|request| succeeded(request)).map(prompt_tokens).sum();
    let total_output = figures.output_tokens.unwrap_or(0);
    let rate = |count: u64| if figures.duration_s <= 0.0 { 0.0 } else { count as f64 / figures.duration_s };
    let peaks = Peaks::of(&all);
    let list = |value: &dyn Fn(&RequestTimeline, &Seen) -> Value| -> Value {
        all.iter().map(|(request, seen)| value(request, seen)).collect()
    };

    let mut result = json!({
        "date": date(recording),
        "endpoint_type": backend(plan.endpoint),
        "backend": backend(plan.endpoint),
        "label": null,
        "model_id": plan.model,
        "tokenizer_id": plan.model,
        "num_prompts": plan.requests,
        "request_rate": "inf",
        "burstiness": 1.0,
        "max_concurrency": plan.concurrency,
        "duration": figures.duration_s,
        "completed": figures.ok,
        "failed": figures.failed,
        "total_input_tokens": total_input,
        "total_output_tokens": total_output,
        "request_throughput": figures.requests_per_s.unwrap_or(0.0),
        "request_goodput": null,
        "output_throughput": rate(total_output),
        "total_token_throughput": rate(total_input + total_output),
        "input_lens": list(&|request, _| json!(prompt_tokens(request))),
        "output_lens": list(&|_, seen| json!(seen.output_tokens.unwrap_or(0))),
        "ttfts": list(&|_, seen| json!(seen.ttft.map_or(0.0, seconds))),
        "itls": list(&|_, seen| seen.gaps.iter().copied().map(seconds).collect()),
        "latencies": list(&|_, seen| json!(seen.e2el.map_or(0.0, seconds))),
        "start_times": list(&|request, _| json!(seconds(request.started))),
        "queue_times": list(&|_, _| json!(0.0)),
        "generated_texts": list(&|_, _| json!("")),
        "errors": list(&|request, _| match seen(Tool::Vllm033, request) {
            Some(_) => json!(""),
            None => json!(request.detail.as_deref().unwrap_or(request.verdict.name())),
        }),
        "max_output_tokens_per_s": peaks.tokens,
        "max_concurrent_requests": peaks.requests,
        "rtfx": 0.0,
    });
    if let Value::Object(result) = &mut result {
        statistics(result, "ttft", figures.ttft_s);
        statistics(result, "tpot", figures.per_token_s);
        statistics(result, "itl", figures.gap_s);
        statistics(result, "e2el", figures.e2el_s);
    }
    result
}

fn backend(endpoint: Endpoint) -> &'static str {
    if endpoint == Endpoint::Chat { "openai-chat" } else { "openai" }
}

/// `%Y%m%d-%H%M%S`, in UTC.
fn date(recording: &Recording) -> String {
    recording.started_at().strftime("%Y%m%d-%H%M%S").to_string()
}

fn statistics(result: &mut Map<String, Value>, name: &str, of: Option<ToolStatistics>) {
    let ms = |value: Option<f64>| json!(value.map_or(0.0, |seconds| seconds * 1000.0));
    result.insert(format!("mean_{name}_ms"), ms(of.map(|of| of.mean)));
    result.insert(format!("median_{name}_ms"), ms(of.and_then(|of| of.p50)));
    result.insert(format!("std_{name}_ms"), ms(of.and_then(|of| of.std)));
    for (percentile, value) in
        [("p90", of.and_then(|of| of.p90)), ("p95", of.and_then(|of| of.p95)), ("p99", of.and_then(|of| of.p99))]
    {
        result.insert(format!("{percentile}_{name}_ms"), ms(value));
    }
}

/// The fullest of the whole seconds since the first start, as vLLM counts them: chunks that began in it, and requests
/// that touched it.
struct Peaks {
    tokens: f64,
    requests: usize,
}

impl Peaks {
    fn of(all: &[(&RequestTimeline, Seen)]) -> Self {
        let served = || all.iter().filter(|(_, seen)| seen.e2el.is_some());
        let first = served().map(|(request, _)| request.started).min().unwrap_or_default();
        let second =
            |at: std::time::Duration| usize::try_from(at.saturating_sub(first).as_secs()).unwrap_or(usize::MAX);
        let mut tokens = std::collections::BTreeMap::<usize, usize>::new();
        let mut edges = std::collections::BTreeMap::<usize, i64>::new();
        for (request, seen) in served() {
            let mut at = request.started + seen.ttft.unwrap_or_default();
            *tokens.entry(second(at)).or_default() += 1;
            for gap in &seen.gaps {
                at += *gap;
                *tokens.entry(second(at)).or_default() += 1;
            }
            *edges.entry(second(request.started)).or_default() += 1;
            *edges.entry(second(request.started + seen.e2el.unwrap_or_default()) + 1).or_default() -= 1;
        }
        let mut now = 0i64;
        let most = edges.values().map(|change| {
            now += change;
            now
        });
        Self {
            requests: most.max().and_then(|most| usize::try_from(most).ok()).unwrap_or(0),
            tokens: tokens.values().max().map_or(0.0, |most| *most as f64),
        }
    }
}
