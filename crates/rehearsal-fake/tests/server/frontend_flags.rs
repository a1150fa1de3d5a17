//! Flags of vLLM 0.32's frontend: what a request took, comments in silence, bounds of the queue, tokens that come together, load reports.

use std::{num::NonZeroU32, time::Duration};

use rehearsal_fake::{
    FakeVllmBuilder, StartError,
    api::{Fingerprint, FrontendOptions, PerRequestMetrics},
    engine::Nanos,
};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::Instant};

use super::{client, virtual_time::stepping};

const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

fn server(step_ms: f64, version: &str, change: impl FnOnce(&mut FrontendOptions)) -> FakeVllmBuilder {
    let mut frontend = FrontendOptions::for_model("m");
    change(&mut frontend);
    stepping(step_ms).vllm_version(version.parse().expect("a version of the table")).frontend(frontend)
}

#[tokio::test(start_paused = true)]
async fn the_times_of_a_request_are_the_engines_own() {
    let fake =
        server(10.0, "0.32.0", |flags| flags.per_request_metrics = PerRequestMetrics::Told).start_in_memory().unwrap();
    let whole = client::post(&fake, COMPLETIONS, &json!({"prompt": [1], "max_tokens": 5})).await.json();
    assert_eq!(
        whole["metrics"],
        json!({
            "time_to_first_token_ms": 10.0, "generation_time_ms": 40.0, "queue_time_ms": 0.0, "mean_itl_ms": 10.0,
            "tokens_per_second": 100.0, "speculative_decoding": null,
        })
    );
    let body = json!({
        "messages": [{"role": "user", "content": "a"}], "max_tokens": 1, "stream": true,
        "stream_options": {"include_usage": true},
    });
    let chunks = client::post(&fake, CHAT, &body).await.chunks();
    // one token has no gap, and a stream leaves nulls out
    let metrics = chunks.last().unwrap()["metrics"].as_object().unwrap();
    let keys: Vec<&str> = metrics.keys().map(String::as_str).collect();
    assert_eq!(keys, ["time_to_first_token_ms", "generation_time_ms", "queue_time_ms", "tokens_per_second"]);
    let several = json!({"prompt": [1], "max_tokens": 5, "n": 2});
    assert_eq!(client::post(&fake, COMPLETIONS, &several).await.json()["metrics"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_gets_a_comment_each_interval() {
    let fake = server(2500.0, "0.32.0", |flags| flags.sse_keep_alive_interval = Some(Duration::from_secs(1)))
        .start_in_memory()
        .unwrap();
    let body = json!({"prompt": [1], "max_tokens": 2, "stream": true});
    let answer = client::post(&fake, COMPLETIONS, &body).await;
    let comments = answer.body.matches(": keep-alive\n\n").count();
    assert_eq!(comments, 4, "two before each token: {}", answer.body);
    assert!(answer.body.starts_with(": keep-alive\n\n: keep-alive\n\ndata: {"));
    let text: String = answer
        .body
        .split("\n\n")
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| {
            serde_json::from_str::<Value>(data).map_or_else(
                |_| String::new(),
                |chunk| chunk["choices"][0]["text"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    let whole = client::post(&fake, COMPLETIONS, &json!({"prompt": [1], "max_tokens": 2})).await;
    assert_eq!(text, whole.json()["choices"][0]["text"]);
}

/// As recorded from 0.32.0: who arrives while others are being tokenised is refused inside a stream, who comes later with 503.
#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_early_with_503_and_late_inside_the_stream() {
    let fake = server(10.0, "0.32.0", |flags| flags.max_num_queued_reqs = Some(3)).start_in_memory().unwrap();
    let body = json!({"prompt": [1], "max_tokens": 50, "stream": true}).to_string();
    let mut clients = JoinSet::new();
    for _ in 0..5 {
        let stream = client::open(&fake, "POST", COMPLETIONS, &body).await;
        clients.spawn(client::read(stream, Instant::now()));
    }
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(25)).await;
    let late = client::send(&fake, "POST", COMPLETIONS, &body).await;
    assert_eq!(late.status, 503);
    let error = &late.json()["error"];
    assert_eq!((&error["type"], &error["code"]), (&json!("Service Unavailable"), &json!(503)));
    let (mut served, mut refused) = (0, 0);
    while let Some(answer) = clients.join_next().await {
        let answer = answer.unwrap();
        match answer.status {
            200 if answer.body.contains("\"code\": 503") => refused += 1,
            200 => served += 1,
            503 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((served, refused), (3, 2));
    let page = fake.metrics_text();
    let count = r#"vllm:admission_rejections_total{model_name="m",reason="max_num_queued_reqs"} 3.0"#;
    assert!(page.contains(count), "{page}");
    // the places are free again
    assert_eq!(client::send(&fake, "POST", COMPLETIONS, &body).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn queued_tokens_are_those_of_prompts_without_a_first_token() {
    let fake = server(10.0, "0.32.0", |flags| flags.max_num_queued_tokens = Some(4)).start_in_memory().unwrap();
    let body = json!({"prompt": [1, 2, 3, 4], "max_tokens": 3}).to_string();
    let first = client::open(&fake, "POST", COMPLETIONS, &body).await;
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(5)).await;
    assert_eq!(client::send(&fake, "POST", COMPLETIONS, &body).await.status, 503);
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(10)).await;
    assert_eq!(client::send(&fake, "POST", COMPLETIONS, &body).await.status, 200);
    assert_eq!(client::read(first, Instant::now()).await.status, 200);
    // what a lost reader held comes free
    drop(client::open(&fake, "POST", COMPLETIONS, &body).await);
    tokio::time::sleep_until(Instant::now() + Duration::from_millis(50)).await;
    assert_eq!(client::send(&fake, "POST", COMPLETIONS, &body).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn old_versions_do_not_bound_the_queue() {
    let started = server(1.0, "0.13.0", |flags| flags.max_num_queued_reqs = Some(3)).start_in_memory();
    let error = started.map(drop).unwrap_err();
    assert!(matches!(error, StartError::UnknownFlag { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn tokens_come_together_after_the_first() {
    let fake = server(10.0, "0.32.0", |flags| flags.stream_interval = NonZeroU32::new(4).expect("4 is not 0"))
        .start_in_memory()
        .unwrap();
    let counts = async |body: Value| {
        let chunks = client::post(&fake, COMPLETIONS, &body).await.chunks();
        chunks.iter().map(|chunk| chunk["choices"][0]["token_ids"].as_array().map_or(0, Vec::len)).collect::<Vec<_>>()
    };
    let body = |interval: u32| {
        json!({
            "prompt": [1], "max_tokens": 11, "stream": true, "return_token_ids": true, "stream_interval": interval
        })
    };
    // as recorded with `--stream-interval 4`: 1, 5, 9, and what is left
    assert_eq!(counts(body(1)).await, [1, 4, 4, 2]);
    // a request can only raise it
    assert_eq!(counts(body(6)).await, [1, 6, 4]);
    let refused = client::post(&fake, COMPLETIONS, &body(0)).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_load_report_is_a_header_of_whole_answers() {
    let report = async |version: &str, format: &str, body: Value| {
        let fake = server(10.0, version, |_| ()).start_in_memory().unwrap();
        let headers = format!("endpoint-load-metrics-format: {format}\r\n");
        let stream = client::open_with(&fake, "POST", COMPLETIONS, &headers, &body.to_string()).await;
        let answer = client::read(stream, Instant::now()).await;
        answer.head.lines().find_map(|line| line.strip_prefix("endpoint-load-metrics: ").map(str::to_owned))
    };
    let body = json!({"prompt": [1], "max_tokens": 1});
    let json = r#"JSON {"named_metrics": {"num_requests_waiting": 0.0, "kv_cache_usage_perc": 0.0}}"#;
    let text = "TEXT named_metrics.num_requests_waiting=0.0, named_metrics.kv_cache_usage_perc=0.0";
    assert_eq!(report("0.13.0", "json", body.clone()).await.as_deref(), Some(json));
    assert_eq!(report("0.32.0", "TEXT", body.clone()).await.as_deref(), Some(text));
    assert_eq!(report("0.32.0", "xml", body.clone()).await, None);
    assert_eq!(report("0.32.0-rust", "json", body).await, None);
    let stream = json!({"prompt": [1], "max_tokens": 1, "stream": true});
    assert_eq!(report("0.32.0", "json", stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_fingerprint_is_a_setting() {
    let told = async |version: &str, fingerprint: Fingerprint| {
        let fake = server(1.0, version, |flags| flags.fingerprint = fingerprint).start_in_memory().unwrap();
        client::post(&fake, COMPLETIONS, &json!({"prompt": [1], "max_tokens": 1})).await.json()["system_fingerprint"]
            .clone()
    };
    assert_eq!(told("0.32.0", Fingerprint::Full).await, "vllm-0.32.0-354be8fe");
    assert_eq!(told("0.32.0", Fingerprint::Custom("mine".to_owned())).await, "mine");
    assert_eq!(told("0.32.0", Fingerprint::Absent).await, Value::Null);
    assert_eq!(told("0.13.0", Fingerprint::Custom("mine".to_owned())).await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn what_the_cache_takes_in_is_told_of_chats_alone() {
    let fake = server(1.0, "0.32.0", |_| ()).prompt_tokens_details().start_in_memory().unwrap();
    let content = "a".repeat(100);
    let body = json!({"messages": [{"role": "user", "content": content}], "max_tokens": 1});
    let first = client::post(&fake, CHAT, &body).await.json()["usage"].clone();
    let tokens = first["prompt_tokens"].as_u64().unwrap();
    let blocks = tokens / 16 * 16;
    let details = |usage: &Value| usage["prompt_tokens_details"].clone();
    let expect = |cached: u64, created: Value| json!({"cached_tokens": cached, "created_cache_tokens": created, "multimodal_tokens": null});
    assert_eq!(details(&first), expect(0, blocks.into()));
    let second = client::post(&fake, CHAT, &body).await.json()["usage"].clone();
    assert_eq!(details(&second), expect(blocks, 0.into()));
    let completion = client::post(&fake, COMPLETIONS, &json!({"prompt": [1], "max_tokens": 1})).await.json();
    assert_eq!(details(&completion["usage"]), expect(0, Value::Null));
    assert!(fake.journal()[0].choices[0].tokens_at[0] <= Nanos::from_millis(1));
}
