//! Whatever is sent, the answer is a status of an HTTP server and the next request is served.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use proptest::prelude::*;
use rehearsal_fake::{FakeVllm, FrontendOptions};
use serde_json::{Value, json};
use tower::ServiceExt;

const PATHS: [&str; 10] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/tokenize",
    "/detokenize",
    "/inference/v1/generate",
    "/invocations",
    "/v1/embeddings",
    "/score",
    "/scale_elastic_ep",
    "/v1/audio/transcriptions",
];

/// Keys that the routes read, so that nonsense reaches the code behind them.
const KEYS: [&str; 29] = [
    "model",
    "messages",
    "prompt",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stream",
    "stream_options",
    "stop",
    "logit_bias",
    "temperature",
    "top_p",
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",
    "echo",
    "seed",
    "tools",
    "tool_choice",
    "tokens",
    "truncate_prompt_tokens",
    "structured_outputs",
    "token_ids",
    "sampling_params",
    "input",
    "image_url",
    "url",
    "content",
    "mm_processor_kwargs",
];

async fn ask(router: &Router, path: &str, body: Vec<u8>) -> (StatusCode, Vec<u8>) {
    let request =
        Request::post(path).header("content-type", "application/json").body(Body::from(body)).expect("a request");
    let response = router.clone().oneshot(request).await.expect("a router answers");
    let status = response.status();
    (status, to_bytes(response.into_body(), usize::MAX).await.expect("a whole body").to_vec())
}

async fn still_serves(router: &Router) {
    let (status, body) = ask(router, "/v1/completions", br#"{"prompt": "a", "max_tokens": 2}"#.to_vec()).await;
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((status, &answer["usage"]["completion_tokens"]), (StatusCode::OK, &json!(2)));
}

fn nonsense() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!({"role": "user", "content": "a"})),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(&KEYS[..]), inner, 0..4)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Whether a prompt holds a number below zero.
fn has_negative_ids(prompt: &Value) -> bool {
    match prompt {
        Value::Array(items) => items.iter().any(has_negative_ids),
        Value::Number(number) => number.as_f64().is_some_and(|number| number < 0.0),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_is_answered(
        path in prop::sample::select(&PATHS[..]),
        fields in prop::collection::vec((prop::sample::select(&KEYS[..]), nonsense()), 0..6),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        // 0.13.0 dies of those
        prop_assume!(!fields.iter().any(|(key, value)| *key == "prompt" && has_negative_ids(value)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let router = FakeVllm::builder().max_model_len(256).into_router().expect("the settings are right");
            let mut body: serde_json::Map<String, Value> =
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            // a valid request with nonsense in it goes further than nonsense alone
            body.entry("messages").or_insert_with(|| json!([{"role": "user", "content": "a"}]));
            body.entry("prompt").or_insert_with(|| json!("a"));
            for body in [Value::Object(body).to_string().into_bytes(), bytes] {
                let (status, answer) = ask(&router, path, body).await;
                assert!(status.is_success() || status.is_client_error() || status.is_server_error(), "{status}");
                assert!(status.is_success() || !answer.is_empty(), "{status} says why");
            }
            still_serves(&router).await;
        });
    }
}

#[tokio::test]
async fn a_small_request_for_everything_is_refused() {
    let router = FakeVllm::builder().into_router().expect("the settings are right");
    for body in [
        json!({"prompt": "a", "n": 2_000_000_000}),
        json!({"prompt": vec!["a"; 20_000], "max_tokens": 1}),
        json!({"prompt": "aaa", "prompt_logprobs": -1}),
        json!({"prompt": "a", "max_tokens": u32::MAX}),
    ] {
        let (status, answer) = ask(&router, "/v1/completions", body.to_string().into_bytes()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{}", String::from_utf8_lossy(&answer));
    }
    still_serves(&router).await;
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_with_the_limit() {
    let frontend = FrontendOptions { max_body_bytes: 1000, ..FrontendOptions::for_model("tiny") };
    let router = FakeVllm::builder().frontend(frontend).into_router().expect("the settings are right");
    let (status, body) = ask(&router, "/v1/completions", vec![b' '; 100 << 20]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(answer["error"]["message"], "the request body must be <= 1000 bytes; raise `max_body_bytes`");
    still_serves(&router).await;
}
