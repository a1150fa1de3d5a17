//! What `/metrics` counts, against `usage` and the journal.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{client, virtual_time::stepping};

/// Samples by name and labels.
fn samples(page: &str) -> BTreeMap<String, f64> {
    page.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().expect("samples are numbers")))
        .collect()
}

#[track_caller]
fn value(page: &BTreeMap<String, f64>, name: &str) -> f64 {
    let labels = r#"{engine="0",model_name="rehearsal"}"#;
    *page.get(&format!("{name}{labels}")).unwrap_or_else(|| panic!("no {name}"))
}

/// The conservation laws of vLLM's counters; their oracle is the `usage` of the answers.
#[tokio::test(start_paused = true)]
async fn counters_add_up_to_the_usage_of_the_answers() {
    let fake = stepping(7.0).prompt_tokens_details().start_in_memory().unwrap();
    let long: Vec<u32> = (0..40).collect();
    let bodies = [
        json!({"prompt": long, "max_tokens": 5}),
        json!({"prompt": long, "max_tokens": 9}),
        json!({"prompt": [1, 2, 3], "max_tokens": 4, "n": 3, "temperature": 1.0}),
        json!({"prompt": [[1], [2, 3]], "max_tokens": 2}),
        json!({"prompt": "ab", "max_tokens": 6, "logit_bias": {"258": 100}}),
    ];
    let (mut prompt, mut completion, mut cached, mut sequences) = (0.0, 0.0, 0.0, 0.0);
    for body in &bodies {
        let usage = client::post(&fake, "/v1/completions", body).await.json()["usage"].clone();
        let count = |value: &Value| value.as_f64().unwrap_or(0.0);
        // the counters take each sequence's prompt, usage each prompt
        let n = body["n"].as_f64().unwrap_or(1.0);
        prompt += n * count(&usage["prompt_tokens"]);
        completion += count(&usage["completion_tokens"]);
        cached += count(&usage["prompt_tokens_details"]["cached_tokens"]);
        sequences += n * if body["prompt"][0].is_array() { 2.0 } else { 1.0 };
    }
    let page = samples(&fake.metrics_text());
    assert_eq!(value(&page, "vllm:prompt_tokens_total"), prompt);
    assert_eq!(value(&page, "vllm:generation_tokens_total"), completion);
    assert_eq!(value(&page, "vllm:prefix_cache_queries_total"), prompt);
    assert_eq!((value(&page, "vllm:prefix_cache_hits_total"), cached), (32.0, 32.0));
    assert_eq!(value(&page, "vllm:iteration_tokens_total_sum"), prompt + completion);
    let steps = fake.lateness().steps;
    assert_eq!(value(&page, "vllm:iteration_tokens_total_count"), steps as f64);
    assert_eq!(value(&page, "vllm:time_to_first_token_seconds_count"), sequences);
    assert_eq!(value(&page, "vllm:inter_token_latency_seconds_count"), completion - sequences);
    assert_eq!(value(&page, "vllm:request_prefill_kv_computed_tokens_sum"), prompt - cached);
    let finished = |reason: &str| {
        page[&format!(r#"vllm:request_success_total{{engine="0",finished_reason="{reason}",model_name="rehearsal"}}"#)]
    };
    assert_eq!([finished("stop"), finished("length"), finished("abort")], [1.0, sequences - 1.0, 0.0]);
    assert_eq!(value(&page, "vllm:request_params_n_sum"), 1.0 + 1.0 + 3.0 + 2.0 + 1.0);
    assert_eq!(value(&page, "vllm:num_requests_running"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn latencies_are_the_engines_own() {
    let fake = stepping(50.0).start_in_memory().unwrap();
    client::post(&fake, "/v1/completions", &json!({"prompt": [1], "max_tokens": 5})).await;
    let page = samples(&fake.metrics_text());
    for (name, sum) in [
        ("time_to_first_token_seconds", 0.05),
        ("inter_token_latency_seconds", 0.05 + 0.05 + 0.05 + 0.05),
        ("e2e_request_latency_seconds", 0.25),
        ("request_prefill_time_seconds", 0.05),
        ("request_decode_time_seconds", 0.2),
        ("request_inference_time_seconds", 0.25),
        ("request_queue_time_seconds", 0.0),
        ("request_time_per_output_token_seconds", 0.05),
    ] {
        assert_eq!(value(&page, &format!("vllm:{name}_sum")), sum, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_aborted_request_has_tokens_but_no_success() {
    let fake = stepping(10.0).start_in_memory().unwrap();
    let body = json!({"prompt": [1], "max_tokens": 500, "stream": true}).to_string();
    let lost = client::open(&fake, "POST", "/v1/completions", &body).await;
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(25)).await;
    let during = samples(&fake.metrics_text());
    assert_eq!(value(&during, "vllm:num_requests_running"), 1.0);
    drop(lost);
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(25)).await;
    let page = samples(&fake.metrics_text());
    assert_eq!(value(&page, "vllm:num_requests_running"), 0.0);
    assert_eq!(value(&page, "vllm:time_to_first_token_seconds_count"), 1.0);
    assert_eq!(value(&page, "vllm:e2e_request_latency_seconds_count"), 0.0);
    assert!((2.0..=3.0).contains(&value(&page, "vllm:generation_tokens_total")));
}

#[tokio::test(start_paused = true)]
async fn routes_are_counted_and_probes_are_not() {
    let fake = stepping(1.0).start_in_memory().unwrap();
    client::post(&fake, "/v1/completions", &json!({"prompt": [1], "max_tokens": 1})).await;
    client::send(&fake, "GET", "/v1/completions", "").await;
    client::send(&fake, "GET", "/nope", "").await;
    client::send(&fake, "GET", "/health", "").await;
    let page = samples(&client::send(&fake, "GET", "/metrics", "").await.body);
    let count = |handler: &str, method: &str, status: &str| {
        page.get(&format!(r#"http_requests_total{{handler="{handler}",method="{method}",status="{status}"}}"#)).copied()
    };
    assert_eq!(count("/v1/completions", "POST", "2xx"), Some(1.0));
    assert_eq!(count("/v1/completions", "GET", "4xx"), Some(1.0));
    assert_eq!(count("none", "GET", "4xx"), Some(1.0));
    assert_eq!(count("/health", "GET", "2xx"), None);
}
