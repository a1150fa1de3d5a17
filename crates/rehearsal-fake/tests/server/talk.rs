//! `/v1/responses` and `/v1/messages` beyond what is recorded: kept responses, and nonsense.

use proptest::prelude::*;
use rehearsal_fake::{
    FakeVllm,
    api::{FrontendOptions, ResponsesStore},
};
use serde_json::{Map, Value, json};

use super::client;

fn keeping() -> FakeVllm {
    let frontend = FrontendOptions { responses_store: ResponsesStore::On, ..FrontendOptions::for_model("m") };
    let version = "0.32.0".parse().expect("a version of the table");
    FakeVllm::builder().vllm_version(version).frontend(frontend).start_in_memory().expect("the settings are right")
}

#[tokio::test]
async fn a_kept_response_can_be_read_and_continued() {
    let fake = keeping();
    let body = json!({"input": "first", "instructions": "be brief", "max_output_tokens": 4});
    let first = client::post(&fake, "/v1/responses", &body).await.json();
    let id = first["id"].as_str().unwrap();
    assert_eq!(client::send(&fake, "GET", &format!("/v1/responses/{id}"), "").await.json(), first);
    let next = json!({"input": "second", "previous_response_id": id, "max_output_tokens": 4});
    let next = client::post(&fake, "/v1/responses", &next).await.json();
    let alone = json!({"input": "second", "max_output_tokens": 4});
    let alone = client::post(&fake, "/v1/responses", &alone).await.json();
    let tokens = |response: &Value| response["usage"]["input_tokens"].as_u64().unwrap();
    assert!(tokens(&alone) + tokens(&first) < tokens(&next) + "be brief".len() as u64 + 40, "{next}");
    assert!(tokens(&alone) + 4 < tokens(&next), "{next}");
    let forgotten = client::post(&fake, "/v1/responses", &json!({"input": "x", "store": false})).await.json();
    let path = format!("/v1/responses/{}", forgotten["id"].as_str().unwrap());
    assert_eq!(client::send(&fake, "GET", &path, "").await.status, 404);
}

#[tokio::test]
async fn only_a_response_in_the_background_can_be_cancelled() {
    let fake = keeping();
    let done = client::post(&fake, "/v1/responses", &json!({"input": "a", "max_output_tokens": 2})).await.json();
    let cancel = |response: &Value| format!("/v1/responses/{}/cancel", response["id"].as_str().unwrap());
    let refused = client::send(&fake, "POST", &cancel(&done), "").await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["message"], "Cannot cancel a synchronous response.");
    let body = json!({"input": "a", "background": true, "max_output_tokens": 2});
    let queued = client::post(&fake, "/v1/responses", &body).await.json();
    assert_eq!((&queued["status"], &queued["usage"]), (&json!("queued"), &Value::Null));
    let path = format!("/v1/responses/{}", queued["id"].as_str().unwrap());
    for _ in 0..1000 {
        let now = client::send(&fake, "GET", &path, "").await.json();
        if now["status"] == "incomplete" {
            assert_eq!(now["usage"]["output_tokens"], 2);
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the response is never finished");
}

#[tokio::test]
async fn background_needs_the_store() {
    let fake = FakeVllm::start().await.unwrap();
    let answer = client::post(&fake, "/v1/responses", &json!({"input": "a", "background": true})).await;
    assert_eq!((answer.status, &answer.json()["error"]["type"]), (400, &json!("invalid_request_error")));
}

/// Keys that the two routes read, at any depth.
const KEYS: [&str; 32] = [
    "model",
    "input",
    "instructions",
    "max_output_tokens",
    "metadata",
    "tools",
    "tool_choice",
    "reasoning",
    "text",
    "format",
    "type",
    "role",
    "content",
    "name",
    "parameters",
    "input_schema",
    "truncation",
    "include",
    "top_logprobs",
    "temperature",
    "top_p",
    "stream",
    "store",
    "background",
    "messages",
    "max_tokens",
    "system",
    "stop_sequences",
    "source",
    "tool_use_id",
    "cache_salt",
    "chat_template_kwargs",
];

fn nonsense() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3..4_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(
            &["user", "system", "text", "image", "tool_result", "tool_use", "function_call", "reasoning", "tool"][..]
        )
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(&KEYS[..]), inner, 0..5)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_is_refused_or_answered(
        path in prop::sample::select(&["/v1/responses", "/v1/messages", "/v1/messages/count_tokens"][..]),
        version in prop::sample::select(&["0.13.0", "0.19.1", "0.32.0"][..]),
        fields in prop::collection::vec((prop::sample::select(&KEYS[..]), nonsense()), 0..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let version = version.parse().unwrap();
            let fake = FakeVllm::builder().vllm_version(version).max_model_len(256).start_in_memory().unwrap();
            let mut body: Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            // a valid request with nonsense in it goes further than nonsense alone
            for (key, value) in [
                ("model", json!("rehearsal")),
                ("input", json!("a")),
                ("max_tokens", json!(3)),
                ("messages", json!([{"role": "user", "content": "a"}])),
            ] {
                body.entry(key).or_insert(value);
            }
            let answer = client::post(&fake, path, &body.into()).await;
            assert!(answer.status < 500 || answer.status == 500 && !answer.body.is_empty(), "{}", answer.status);
            assert_ne!(answer.status, 0, "the connection broke");
            let next = client::post(&fake, "/v1/completions", &json!({"prompt": "a", "max_tokens": 2})).await;
            assert_eq!(next.json()["usage"]["completion_tokens"], 2);
        });
    }
}
