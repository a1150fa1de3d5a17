//! The end of a server that is told to stop while requests are open, and of connections before that. The oracle: the recorded ends of
//! three real servers, one second after two requests began.

use std::time::Duration;

use rehearsal_fake::InMemoryStream;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep_until, timeout},
};

use super::{client, virtual_time::stepping};

const STEP_MS: u64 = 10;
/// Tokens that have come when the server is told to stop.
const TOKENS: u64 = 100;

fn body(stream: bool) -> Value {
    let mut body = json!({
        "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3000, "ignore_eos": true, "stream": stream
    });
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// A streamed and a whole answer, and a server that is told to stop while both are open.
async fn stopped(
    version: &str,
    grace: Duration,
) -> (rehearsal_fake::FakeVllm, InMemoryStream, InMemoryStream, Duration) {
    let version = version.parse().expect("a version of the table");
    let fake = stepping(STEP_MS as f64).vllm_version(version).start_in_memory().expect("the settings are right");
    let began = Instant::now();
    let streamed = client::open(&fake, "POST", "/v1/chat/completions", &body(true).to_string()).await;
    let whole = client::open(&fake, "POST", "/v1/chat/completions", &body(false).to_string()).await;
    sleep_until(began + Duration::from_millis(STEP_MS * TOKENS + STEP_MS / 2)).await;
    (fake, streamed, whole, grace)
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_0_32_ends_open_requests_with_abort() {
    let (fake, streamed, whole, grace) = stopped("0.32.0", Duration::ZERO).await;
    let now = Instant::now();
    let (_, streamed, whole) =
        tokio::join!(fake.terminate(grace), client::read(streamed, now), client::read(whole, now));
    assert!(now.elapsed() <= Duration::from_millis(2 * STEP_MS), "{:?}", now.elapsed());
    let chunks = streamed.chunks();
    let [.., finish, usage] = &chunks[..] else { panic!("{}", streamed.body) };
    assert_eq!(finish["choices"][0]["finish_reason"], "abort");
    assert_eq!(usage["usage"]["completion_tokens"], TOKENS);
    assert!(streamed.body.ends_with("data: [DONE]\n\n"));
    let whole = whole.json();
    assert_eq!(
        (&whole["choices"][0]["finish_reason"], &whole["usage"]["completion_tokens"]),
        (&json!("abort"), &json!(TOKENS))
    );
}

#[tokio::test(start_paused = true)]
async fn with_a_timeout_0_32_lets_them_end_first() {
    let (fake, streamed, whole, grace) = stopped("0.32.0", Duration::from_mins(10)).await;
    let now = Instant::now();
    let (_, streamed, whole) =
        tokio::join!(fake.terminate(grace), client::read(streamed, now), client::read(whole, now));
    assert_eq!(streamed.chunks().last().unwrap()["usage"]["completion_tokens"], 3000);
    assert_eq!(whole.json()["choices"][0]["finish_reason"], "length");
    assert!(now.elapsed() < Duration::from_secs(31), "{:?}", now.elapsed());
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_0_13_leaves_its_clients_hanging_until_they_go() {
    let (fake, mut streamed, whole, grace) = stopped("0.13.0", Duration::ZERO).await;
    let ended = tokio::spawn(fake.terminate(grace));
    let mut buffer = vec![0; 1 << 20];
    let mut received = 0;
    // what has come is read, then no byte comes for an hour
    while let Ok(count) = timeout(Duration::from_hours(1), streamed.read(&mut buffer)).await {
        let count = count.unwrap();
        assert_ne!(count, 0, "the connection stays open");
        received += String::from_utf8_lossy(&buffer[..count]).matches("data: ").count() as u64;
    }
    assert!((TOKENS..=TOKENS + 2).contains(&received), "{received}");
    assert!(!ended.is_finished());
    drop((streamed, whole));
    ended.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn told_to_stop_the_rust_frontend_cuts_its_connections() {
    let (fake, streamed, whole, grace) = stopped("0.32.0-rust", Duration::ZERO).await;
    let now = Instant::now();
    let (_, streamed, whole) =
        tokio::join!(fake.terminate(grace), client::read(streamed, now), client::read(whole, now));
    assert!(!streamed.body.contains("[DONE]") && streamed.body.contains("data: "), "{}", streamed.body);
    assert_eq!(whole.head, "");
}

#[tokio::test(start_paused = true)]
async fn every_event_is_one_chunk_of_http() {
    for version in ["0.13.0", "0.32.0", "0.32.0-rust"] {
        let fake = stepping(5.0).vllm_version(version.parse().unwrap()).start_in_memory().unwrap();
        let mut short = body(true);
        short["max_tokens"] = json!(5);
        let mut stream = client::open(&fake, "POST", "/v1/chat/completions", &short.to_string()).await;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (_, mut rest) = text.split_once("\r\n\r\n").unwrap();
        let mut events = 0;
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap();
            let chunk = &after[..size];
            if size == 0 {
                break;
            }
            assert!(chunk.starts_with("data: ") && chunk.ends_with("\n\n"), "{version}: {chunk:?}");
            assert_eq!(chunk.matches("\n\n").count(), 1, "{version}: {chunk:?}");
            events += 1;
            rest = &after[size + 2..];
        }
        // a role, five tokens, usage, the end; the Rust frontend writes the finish apart
        assert_eq!(events, if version == "0.32.0-rust" { 9 } else { 8 }, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_serves_one_request_after_the_other() {
    let fake = stepping(5.0).start_in_memory().unwrap();
    let mut stream = fake.connect();
    for _ in 0..3 {
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: fake\r\n\r\n").await.unwrap();
        let mut buffer = vec![0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        let head = String::from_utf8_lossy(&buffer[..count]);
        assert!(head.starts_with("HTTP/1.1 200 OK") && !head.contains("connection: close"), "{head}");
    }
}
