//! The example of README.md.

use rehearsal::fake::FakeVllm;
use serde_json::{Value, json};

#[tokio::test]
async fn my_client_gets_its_answer() -> Result<(), Box<dyn std::error::Error>> {
    let vllm = FakeVllm::start().await?; // no GPU, no model, no network
    let url = format!("{}/v1/chat/completions", vllm.base_url());
    let body = json!({"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5});
    let answer: Value = reqwest::Client::new().post(url).json(&body).send().await?.json().await?;
    assert_eq!(answer["usage"]["completion_tokens"], 5);
    Ok(())
}
