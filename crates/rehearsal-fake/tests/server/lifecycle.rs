//! Determinism, and the end of a server.

use std::time::Duration;

use rehearsal_fake::FakeVllm;
use serde_json::{Value, json};

use super::{client, virtual_time::stepping};

#[tokio::test(start_paused = true)]
async fn equal_seeds_and_requests_make_equal_bytes() {
    let run = |seed| async move {
        let start = stepping(5.0).seed(seed).started_at(Duration::from_secs(1_800_000_001));
        let fake = start.start_in_memory().unwrap();
        let body = json!({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 9, "stream": true});
        client::post(&fake, "/v1/chat/completions", &body).await
    };
    let (first, again, other) = (run(1).await, run(1).await, run(2).await);
    assert_eq!((&first.head, &first.body), (&again.head, &again.body));
    assert_ne!(first.body, other.body);
    assert!(first.head.contains("date: Fri, 15 Jan 2027 08:00:01 GMT"), "{}", first.head);
}

#[tokio::test(start_paused = true)]
async fn the_same_request_gets_the_same_text_whoever_runs_beside_it() {
    let fake = stepping(5.0).start_in_memory().unwrap();
    let body = json!({"prompt": "one", "max_tokens": 20});
    let text = |answer: &Value| answer["choices"][0]["text"].as_str().unwrap().to_owned();
    let alone = text(&client::post(&fake, "/v1/completions", &body).await.json());
    let beside =
        client::open(&fake, "POST", "/v1/completions", &json!({"prompt": "two", "max_tokens": 90}).to_string()).await;
    let together = text(&client::post(&fake, "/v1/completions", &body).await.json());
    assert_eq!(alone, together);
    drop(beside);
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections() {
    let fake = FakeVllm::builder().start().await.unwrap();
    let connector = fake.connector();
    let address = fake.addr().unwrap();
    drop(fake);
    let mut stream = connector.connect();
    let mut byte = [0];
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte).await;
    assert!(matches!(read, Ok(0) | Err(_)));
    // the listener goes with its task, as soon as the runtime gets to it
    tokio::task::yield_now().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
