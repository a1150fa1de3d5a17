//! Beam search over a text model that ranks nothing.

use rehearsal_fake::{FakeVllm, text::Fixed};
use serde_json::{Value, json};

use super::client;

fn fake(version: &str) -> FakeVllm {
    let version = version.parse().expect("a version of the table");
    FakeVllm::builder()
        .vllm_version(version)
        .text(Fixed("some words".to_owned()))
        .start_in_memory()
        .expect("the settings are right")
}

#[tokio::test]
async fn the_best_beam_is_what_the_model_says_and_usage_is_the_sum() {
    let body = json!({"prompt": "a", "max_tokens": 4, "n": 3, "use_beam_search": true, "temperature": 0});
    let answer = client::post(&fake("0.13.0"), "/v1/completions", &body).await.json();
    let texts: Vec<&Value> = answer["choices"].as_array().unwrap().iter().map(|choice| &choice["text"]).collect();
    assert_eq!(texts.len(), 3);
    assert_eq!(texts[0], "some");
    assert!(texts[1] != texts[0] && texts[2] != texts[1], "{texts:?}");
    assert_eq!(answer["usage"]["completion_tokens"], 12);
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn an_end_of_sequence_completes_a_beam() {
    let body = json!({"prompt": "a", "max_tokens": 30, "n": 1, "use_beam_search": true});
    let answer = client::post(&fake("0.13.0"), "/v1/completions", &body).await.json();
    assert_eq!(answer["choices"][0]["text"], "some words");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["usage"]["completion_tokens"], 10);
}

#[tokio::test]
async fn a_chat_streams_each_beam_in_one_piece_and_a_completion_depends_on_the_version() {
    let chat = json!({
        "messages": [{"role": "user", "content": "a"}], "max_tokens": 4, "n": 2, "use_beam_search": true, "stream": true
    });
    let chunks = client::post(&fake("0.13.0"), "/v1/chat/completions", &chat).await.chunks();
    let texts: Vec<&str> = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
        .filter(|t| !t.is_empty())
        .collect();
    assert_eq!((texts.len(), texts[0]), (2, "some"));
    let completion = json!({"prompt": "a", "max_tokens": 4, "n": 2, "use_beam_search": true, "stream": true});
    let chunks = client::post(&fake("0.13.0"), "/v1/completions", &completion).await.chunks();
    assert_eq!((chunks.len(), &chunks[0]["choices"][1]["index"]), (1, &json!(1)));
    assert_eq!(client::post(&fake("0.32.0"), "/v1/completions", &completion).await.status, 400);
}
