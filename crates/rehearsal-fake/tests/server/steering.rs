//! What an operator's routes do to a running server: pause, sleep, caches, adapters.

use std::time::Duration;

use rehearsal_fake::{
    FakeVllm, FrontendOptions,
    api::{DevMode, RuntimeLora},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{client, virtual_time::stepping};

const COMPLETIONS: &str = "/v1/completions";

fn developing() -> FakeVllm {
    let frontend = FrontendOptions {
        dev_mode: DevMode::On,
        runtime_lora: RuntimeLora::Allowed,
        ..FrontendOptions::for_model("tiny")
    };
    stepping(5.0).frontend(frontend).start_in_memory().expect("the settings are right")
}

async fn sample(fake: &FakeVllm, series: &str) -> f64 {
    let page = client::send(fake, "GET", "/metrics", "").await.body;
    let line = page.lines().find(|line| line.starts_with(series)).unwrap_or_else(|| panic!("no {series}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_during_a_pause_is_answered_after_it() {
    let fake = developing();
    assert_eq!(client::send(&fake, "POST", "/pause", "").await.json(), json!({"status": "paused"}));
    assert_eq!(client::send(&fake, "GET", "/is_paused", "").await.json(), json!({"is_paused": true}));
    let waiting = client::open(&fake, "POST", COMPLETIONS, &json!({"prompt": "a", "max_tokens": 3}).to_string()).await;
    assert_eq!(sample(&fake, "vllm:num_requests_running{").await, 0.0);
    assert_eq!(sample(&fake, "vllm:generation_tokens_total{").await, 0.0);
    assert_eq!(client::send(&fake, "POST", "/resume", "").await.json(), json!({"status": "resumed"}));
    let answer = client::read(waiting, Instant::now()).await;
    assert_eq!((answer.status, &answer.json()["usage"]["completion_tokens"]), (200, &json!(3)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_aborts_what_runs_unless_it_is_to_wait() {
    for (query, reason, tokens) in [("", "abort", None), ("?wait_for_inflight_requests=true", "length", Some(50))] {
        let fake = developing();
        let body = json!({"prompt": "a", "max_tokens": 50, "ignore_eos": true});
        let running = client::open(&fake, "POST", COMPLETIONS, &body.to_string()).await;
        // in the midst of the third step
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(12)).await;
        let paused = client::send(&fake, "POST", &format!("/pause{query}"), "").await;
        assert_eq!(paused.status, 200, "{}", paused.body);
        let answer = client::read(running, Instant::now()).await.json();
        assert_eq!(answer["choices"][0]["finish_reason"], reason, "{query}");
        if let Some(tokens) = tokens {
            assert_eq!(answer["usage"]["completion_tokens"], tokens);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_engine_says_so_and_wakes_up() {
    let fake = developing();
    assert_eq!(client::send(&fake, "POST", "/sleep?level=2", "").await.status, 200);
    assert_eq!(client::send(&fake, "GET", "/is_sleeping", "").await.json(), json!({"is_sleeping": true}));
    let state =
        |state: &str| format!("vllm:engine_sleep_state{{engine=\"0\",model_name=\"tiny\",sleep_state=\"{state}\"}}");
    assert_eq!(sample(&fake, &state("discard_all")).await, 1.0);
    assert_eq!(sample(&fake, &state("awake")).await, 0.0);
    assert_eq!(client::send(&fake, "POST", "/wake_up", "").await.status, 200);
    assert_eq!(client::send(&fake, "GET", "/is_sleeping", "").await.json(), json!({"is_sleeping": false}));
    assert_eq!(client::post(&fake, COMPLETIONS, &json!({"prompt": "a", "max_tokens": 1})).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_reset_prefix_cache_finds_nothing_again() {
    let fake = developing();
    let body = json!({"prompt": "a".repeat(100), "max_tokens": 1});
    let hits = async || {
        client::post(&fake, COMPLETIONS, &body).await;
        sample(&fake, "vllm:prefix_cache_hits_total{").await
    };
    assert_eq!(hits().await, 0.0);
    let found = hits().await;
    assert!(0.0 < found);
    assert_eq!(client::send(&fake, "POST", "/reset_prefix_cache", "").await.status, 200);
    assert_eq!(hits().await, found);
}

#[tokio::test(start_paused = true)]
async fn an_adapter_is_a_model_while_it_is_loaded() {
    let fake = developing();
    let ids = async || -> Vec<Value> {
        let models = client::send(&fake, "GET", "/v1/models", "").await.json();
        models["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect()
    };
    let completion = json!({"model": "style", "prompt": "a", "max_tokens": 1});
    assert_eq!(client::post(&fake, COMPLETIONS, &completion).await.status, 404);
    let adapter = json!({"lora_name": "style", "lora_path": "/adapters/style"});
    let loaded = client::post(&fake, "/v1/load_lora_adapter", &adapter).await;
    assert_eq!((loaded.status, loaded.body.as_str()), (200, "Success: LoRA adapter 'style' added successfully."));
    assert_eq!(ids().await, ["tiny", "style"]);
    assert_eq!(client::post(&fake, COMPLETIONS, &completion).await.status, 200);
    let again = client::post(&fake, "/v1/load_lora_adapter", &adapter).await;
    assert_eq!((again.status, &again.json()["error"]["type"]), (400, &json!("InvalidUserInput")));
    let unloaded = client::post(&fake, "/v1/unload_lora_adapter", &json!({"lora_name": "style"})).await;
    assert_eq!((unloaded.status, unloaded.body.as_str()), (200, "Success: LoRA adapter 'style' removed successfully."));
    assert_eq!(client::post(&fake, "/v1/unload_lora_adapter", &json!({"lora_name": "style"})).await.status, 404);
    assert_eq!(client::post(&fake, COMPLETIONS, &completion).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn routes_of_other_settings_are_absent() {
    let fake = stepping(5.0).start_in_memory().unwrap();
    for path in ["/sleep", "/reset_prefix_cache", "/v1/load_lora_adapter", "/collective_rpc"] {
        assert_eq!(client::post(&fake, path, &json!({})).await.status, 404, "{path}");
    }
}
