//! Which fields an answer has, release by release, and how cached tokens are told.

use serde_json::{Value, json};

use super::ask::{Flags, chunks, get, post, server};

const CHAT: &str = "/v1/chat/completions";

fn asked() -> Value {
    json!({"model": "tiny", "messages": [{"role": "user", "content": "a"}], "max_tokens": 2, "ignore_eos": true})
}

async fn chat(release: &str, flags: Flags, body: &Value) -> Value {
    let (status, text) = post(&server(release, flags), CHAT, body).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn has(object: &Value, key: &str) -> bool {
    object.get(key).is_some()
}

#[tokio::test]
async fn the_fields_of_a_chat_come_and_go_with_the_releases() {
    // reasoning_content is gone by 0.19; an empty list of tool calls by 0.25
    for (release, reasoning_content, tool_calls, fingerprint, since_0_25, since_0_32) in [
        ("0.13.0", true, true, false, false, false),
        ("0.19.1", false, true, false, false, false),
        ("0.25.1", false, false, true, true, false),
        ("0.32.0", false, false, true, true, true),
    ] {
        let answer = chat(release, Flags::Plain, &asked()).await;
        let choice = &answer["choices"][0];
        let message = &choice["message"];
        assert_eq!(has(message, "reasoning_content"), reasoning_content, "{release}");
        assert_eq!(message.get("tool_calls") == Some(&json!([])), tool_calls, "{release}");
        assert_eq!(answer["system_fingerprint"].is_string(), fingerprint, "{release}");
        for (object, key) in [(choice, "routed_experts"), (&answer, "metrics"), (&answer, "prompt_text")] {
            assert_eq!(has(object, key), since_0_25, "{release} {key}");
        }
        for (object, key) in [(&answer, "ec_transfer_params"), (&answer["usage"], "completion_tokens_details")] {
            assert_eq!(has(object, key), since_0_32, "{release} {key}");
        }
    }
}

#[tokio::test]
async fn deltas_lose_reasoning_content_by_0_19() {
    for (release, expected) in [("0.13.0", true), ("0.19.1", false), ("0.25.1", false), ("0.32.0", false)] {
        let mut body = asked();
        body["stream"] = json!(true);
        let (_, stream) = post(&server(release, Flags::Plain), CHAT, &body).await;
        let deltas = chunks(&stream);
        assert!(
            deltas.iter().all(|chunk| has(&chunk["choices"][0]["delta"], "reasoning_content") == expected),
            "{release}"
        );
    }
}

#[tokio::test]
async fn no_cached_token_is_null_until_0_25_and_then_zero() {
    for (release, expected) in [
        ("0.13.0", Value::Null),
        ("0.19.1", Value::Null),
        ("0.25.1", json!({"cached_tokens": 0, "multimodal_tokens": null})),
        ("0.32.0", json!({"cached_tokens": 0, "created_cache_tokens": null, "multimodal_tokens": null})),
    ] {
        let answer = chat(release, Flags::Details, &asked()).await;
        let details = &answer["usage"]["prompt_tokens_details"];
        assert_eq!(details["cached_tokens"], expected["cached_tokens"], "{release}");
        assert_eq!(details.is_null(), expected.is_null(), "{release}");
        assert_eq!(
            has(details, "created_cache_tokens"),
            has(&expected, "created_cache_tokens"),
            "{release}: {details}"
        );
    }
}

#[tokio::test]
async fn families_of_metrics_come_with_the_releases() {
    for (family, releases) in [
        ("prompt_tokens_by_source_total", &["0.19.1", "0.25.1", "0.32.0"][..]),
        ("prompt_tokens_cached_total", &["0.19.1", "0.25.1", "0.32.0"]),
        ("estimated_flops_per_gpu_total", &["0.19.1", "0.25.1", "0.32.0"]),
        ("prompt_tokens_recomputed_total", &["0.19.1"]),
        ("num_requests_waiting_by_reason", &["0.25.1", "0.32.0"]),
        ("request_num_preemptions", &["0.32.0"]),
    ] {
        for release in ["0.13.0", "0.19.1", "0.25.1", "0.32.0"] {
            let (_, page) = get(&server(release, Flags::Plain), "/metrics").await;
            let there = page.lines().any(|line| line.starts_with(&format!("# HELP vllm:{family} ")));
            assert_eq!(there, releases.contains(&release), "vllm:{family} in {release}");
        }
    }
}
