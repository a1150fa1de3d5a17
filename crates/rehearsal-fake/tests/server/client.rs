//! A client on a connection in memory: bytes in, bytes out, nothing of the fake's own types.

use std::time::Duration;

use rehearsal_fake::{FakeVllm, InMemoryStream};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Instant and payload of each event of a stream.
    pub(crate) events: Vec<(Duration, String)>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The JSON events, without `[DONE]`.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        self.events.iter().filter_map(|(_, data)| serde_json::from_str(data).ok()).collect()
    }
}

/// Sends one request and reads its answer to the end.
pub(crate) async fn send(fake: &FakeVllm, method: &str, path: &str, body: &str) -> Answer {
    read(open(fake, method, path, body).await, Instant::now()).await
}

/// Posts JSON.
pub(crate) async fn post(fake: &FakeVllm, path: &str, body: &Value) -> Answer {
    send(fake, "POST", path, &body.to_string()).await
}

/// Sends one request.
pub(crate) async fn open(fake: &FakeVllm, method: &str, path: &str, body: &str) -> InMemoryStream {
    open_with(fake, method, path, "", body).await
}

/// Sends one request with more headers, each a line with its `\r\n`.
pub(crate) async fn open_with(fake: &FakeVllm, method: &str, path: &str, headers: &str, body: &str) -> InMemoryStream {
    let mut stream = fake.connect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: fake\r\nconnection: close\r\n{headers}content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the server reads");
    // a server may refuse a body before it has read all of it
    let _ = stream.write_all(body.as_bytes()).await;
    stream
}

/// Reads an answer to the end of its connection.
pub(crate) async fn read(mut stream: InMemoryStream, started: Instant) -> Answer {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        bytes.extend_from_slice(&buffer[..count]);
        let complete = String::from_utf8_lossy(&bytes).matches("\n\n").count();
        events.resize(complete, started.elapsed());
    }
    let text = String::from_utf8(bytes).expect("answers are UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
    let payloads = body.split_inclusive("\n\n").filter_map(|event| event.trim_end().strip_prefix("data: "));
    let events = events.into_iter().zip(payloads.map(str::to_owned)).collect();
    Answer { status, head: head.to_owned(), body, events }
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        let Some(chunk) = after.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        body.push_str(chunk);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}
