//! TCP, memory, service.

use std::time::Duration;

use rehearsal_fake::{ClockError, FakeVllm, MemoryCheck, Pacing, StartError, profile::Profile, usage::UsageReporting};
use serde_json::json;

use super::client;

#[tokio::test]
async fn tcp_and_memory_are_doors_to_the_same_server() {
    let fake = FakeVllm::builder().model("one").start().await.unwrap();
    let over_tcp = reqwest::get(format!("{}/v1/models", fake.base_url())).await.unwrap().text().await.unwrap();
    let in_memory = client::send(&fake, "GET", "/v1/models", "").await.body;
    assert!(over_tcp.starts_with(r#"{"object":"list","data":[{"id":"one","object":"model""#), "{over_tcp}");
    assert!(in_memory.starts_with(r#"{"object":"list","data":[{"id":"one","object":"model""#), "{in_memory}");
    let report = fake.shutdown().await;
    assert_eq!(report.requests, 0);
}

#[tokio::test]
async fn the_router_serves_while_it_lives() {
    let router = FakeVllm::builder().into_router().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/completions", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await });
    let body = json!({"prompt": "a", "max_tokens": 3});
    let answer: serde_json::Value =
        reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["usage"]["completion_tokens"], 3);
}

#[tokio::test]
async fn lateness_is_reported_after_real_steps() {
    let fake = FakeVllm::start().await.unwrap();
    assert_eq!(fake.lateness().steps, 0);
    client::post(&fake, "/v1/completions", &json!({"prompt": "a", "max_tokens": 5})).await;
    let shown = client::send(&fake, "GET", "/rehearsal/lateness", "").await.json();
    assert_eq!(shown["steps"], 5);
    let report = fake.shutdown().await;
    assert_eq!((report.requests, report.lateness.steps), (1, 5));
    assert!(report.lateness.p99.is_some());
}

#[tokio::test]
async fn scaled_time_passes_faster() {
    let profile = Profile::builtin("report-tp2").unwrap();
    let fake = FakeVllm::builder().profile(profile).pacing(Pacing::Scaled(10_000.0)).start_in_memory().unwrap();
    client::post(&fake, "/v1/completions", &json!({"prompt": "a", "max_tokens": 50})).await;
    let journal = fake.journal();
    let tokens = &journal[0].choices[0].tokens_at;
    // two seconds of the engine's time
    assert!(Duration::from_secs(2) < (*tokens.last().unwrap() - journal[0].received_at).into());
}

#[tokio::test]
async fn start_up_refuses_as_vllm_does() {
    let mut profile = Profile::builtin("rtxpro6000-72b-fp8-tp2").unwrap();
    profile.engine.gpu_memory_utilization = 0.95;
    profile.engine.max_num_seqs = None;
    let start = |check| FakeVllm::builder().profile(profile.clone()).memory_check(check).start_in_memory();
    assert_eq!(
        start(MemoryCheck::On).unwrap_err().to_string(),
        "CUDA out of memory occurred when warming up sampler with 1024 dummy requests. Please try lowering `max_num_seqs` or \
         `gpu_memory_utilization` when initializing the engine."
    );
    assert!(start(MemoryCheck::Off).is_ok());
}

#[tokio::test]
async fn start_up_refuses_what_contradicts_itself() {
    let over_tcp = FakeVllm::builder().pacing(Pacing::Virtual).start().await;
    assert!(matches!(over_tcp, Err(StartError::VirtualOverTcp)));
    let running_clock = FakeVllm::builder().pacing(Pacing::Virtual).start_in_memory();
    assert!(matches!(running_clock, Err(StartError::Clock(ClockError::Running))));
    let rust = FakeVllm::builder().vllm_version("0.32.0-rust".parse().unwrap()).force_include_usage();
    assert!(matches!(rust.start_in_memory(), Err(StartError::Flag { flag: "--enable-force-include-usage", .. })));
    let mut nameless = rehearsal_fake::FrontendOptions::for_model("a");
    nameless.served_model_names.clear();
    nameless.usage_reporting = UsageReporting::OnRequest;
    assert!(matches!(FakeVllm::builder().frontend(nameless).start_in_memory(), Err(StartError::NoModelName)));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = FakeVllm::builder().bind(taken.local_addr().unwrap()).start().await.unwrap_err();
    assert!(busy.to_string().starts_with("cannot listen on 127.0.0.1:"), "{busy}");
}
