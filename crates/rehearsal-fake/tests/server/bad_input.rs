//! Whatever is sent, the answer is a status and never a panic.

use std::sync::LazyLock;

use proptest::prelude::*;
use rehearsal_fake::{FakeVllm, FrontendOptions};
use serde_json::{Map, Value, json};

use super::client;

#[tokio::test]
async fn a_hundred_megabytes_are_refused_with_the_limit() {
    let fake = FakeVllm::start().await.unwrap();
    let body = format!(r#"{{"prompt":"{}"}}"#, "a".repeat(100 << 20));
    let answer = client::send(&fake, "POST", "/v1/completions", &body).await;
    assert_eq!(answer.status, 413);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "the request body must be <= 67108864 bytes; raise `max_body_bytes`");
    assert_eq!(client::send(&fake, "GET", "/health", "").await.status, 200);
}

#[tokio::test]
async fn the_limit_can_be_set() {
    let mut options = FrontendOptions::for_model("m");
    options.max_body_bytes = 40;
    let fake = FakeVllm::builder().frontend(options).start_in_memory().unwrap();
    assert_eq!(client::post(&fake, "/v1/completions", &json!({"prompt": "a", "max_tokens": 1})).await.status, 200);
    assert_eq!(client::post(&fake, "/v1/completions", &json!({"prompt": "a".repeat(40)})).await.status, 413);
}

#[tokio::test]
async fn malformed_bodies_are_client_errors() {
    let fake = FakeVllm::start().await.unwrap();
    for body in ["", "{", "{\"messages\": [", "\"a\"}", "{}", "{\"prompt\": 1}", "nul", "{\"a\":1}}"] {
        for path in ["/v1/completions", "/v1/chat/completions", "/tokenize", "/detokenize"] {
            let status = client::send(&fake, "POST", path, body).await.status;
            assert_eq!(status, 400, "{path} {body}");
        }
    }
}

/// Keys that the endpoints look at, with values of any type.
fn any_body() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 30] = [
        "model",
        "messages",
        "prompt",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "stop",
        "stop_token_ids",
        "min_tokens",
        "ignore_eos",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "prompt_logprobs",
        "echo",
        "suffix",
        "truncate_prompt_tokens",
        "allowed_token_ids",
        "bad_words",
        "cache_salt",
        "priority",
        "return_token_ids",
        "tools",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..5).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z<|_>é\u{0}🚀]{0,6}".prop_map(Value::from),
        Just(json!([{"role": "user", "content": "hi"}])),
        Just(json!({"include_usage": true, "continuous_usage_stats": true})),
        Just(json!([1, 2, 3])),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("role|content|type|text|[a-z]{1,3}|[0-9]{1,4}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    });
    let usual = prop_oneof![
        Just(json!({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 3})),
        Just(json!({"prompt": "hi", "max_tokens": 3})),
        Just(json!({})),
    ];
    (usual, prop::collection::btree_map(prop::sample::select(&KEYS[..]), value, 0..5)).prop_map(|(mut body, extra)| {
        for (key, value) in extra {
            body[key] = value;
        }
        body
    })
}

static RUNTIME: LazyLock<(tokio::runtime::Runtime, FakeVllm)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime and a server start");
    let fake = runtime
        .block_on(async { FakeVllm::builder().max_model_len(64).start_in_memory() })
        .expect("a runtime and a server start");
    (runtime, fake)
});

/// Whether a prompt holds a number below zero.
fn has_negative_ids(prompt: &Value) -> bool {
    match prompt {
        Value::Array(items) => items.iter().any(has_negative_ids),
        Value::Number(number) => number.as_f64().is_some_and(|number| number < 0.0),
        _ => false,
    }
}

#[tokio::test]
async fn a_negative_token_id_kills_the_engine_of_old_versions_and_is_refused_by_new_ones() {
    let fatal = json!({"prompt": [-1, 48], "max_tokens": 4});
    let usual = json!({"prompt": "a", "max_tokens": 1});
    let old = FakeVllm::builder().vllm_version("0.13.0".parse().unwrap()).start_in_memory().unwrap();
    let answer = client::post(&old, "/v1/completions", &fatal).await;
    assert_eq!(answer.status, 500);
    let message = "EngineCore encountered an issue. See stack trace (above) for the root cause.";
    assert_eq!(answer.json()["error"]["message"], message);
    assert_eq!(client::post(&old, "/v1/completions", &usual).await.status, 500);
    assert_eq!(client::send(&old, "GET", "/health", "").await.status, 503);
    assert_eq!(client::send(&old, "GET", "/metrics", "").await.status, 200);
    let new = FakeVllm::builder().vllm_version("0.32.0".parse().unwrap()).start_in_memory().unwrap();
    assert_eq!(client::post(&new, "/v1/completions", &fatal).await.status, 400);
    assert_eq!(client::post(&new, "/v1/completions", &usual).await.status, 200);
}

#[tokio::test]
async fn the_rust_frontend_refuses_a_chat_without_a_token_as_it_does_a_text() {
    let rust = FakeVllm::builder().vllm_version("0.32.0-rust".parse().unwrap()).start_in_memory().unwrap();
    for over in [json!({"truncate_prompt_tokens": 0}), json!({"chat_template": ""})] {
        let mut body = json!({"messages": [{"role": "user", "content": "hi"}]});
        body.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        let answer = client::post(&rust, "/v1/chat/completions", &body).await;
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400, "{message}");
        // the words of the recording completions/prompt-empty, with a chat's id
        assert!(
            message.starts_with("generate request `chatcmpl-") && message.ends_with("` has an empty prompt_token_ids"),
            "{message}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// The only 5xx of 0.13.0 that are imitated: a body that is no object, `max_tokens: null` on completions, and what its validators
    /// compare or ask for members before they know its type.
    #[test]
    fn no_body_is_answered_with_a_crash(body in any_body(), chat in any::<bool>()) {
        // 0.13.0 dies of those, which a test of its own shows
        prop_assume!(!has_negative_ids(&body["prompt"]));
        let (runtime, fake) = &*RUNTIME;
        let path = if chat { "/v1/chat/completions" } else { "/v1/completions" };
        let answer = runtime.block_on(client::post(fake, path, &body));
        let is_no_number = |key: &&str| body.get(*key).is_some_and(|it| it.is_string() || it.is_array() || it.is_object());
        let imitated = !chat && body.get("max_tokens").is_some_and(Value::is_null)
            || ["logprobs", "top_logprobs", "prompt_logprobs"].iter().any(is_no_number)
            || body.get("structured_outputs").is_some_and(|it| !it.is_null() && !it.is_object());
        prop_assert!(matches!(answer.status, 200 | 400 | 404) || (imitated && answer.status == 500), "{} {}: {}", answer.status, body, answer.body);
        let alive = runtime.block_on(client::send(fake, "GET", "/health", ""));
        prop_assert_eq!(alive.status, 200);
    }
}
