//! The three clients. Each returns how many chunks it read.

use std::future::pending;

use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures_util::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rehearsal::load::{ConnectionMode, HttpTransport, LoadPlan, Run, Streaming, WarmUp};
use serde::Deserialize;
use tokio::{net::TcpStream, task::JoinSet, time::Instant};

use super::{CHUNKS, STREAMS};

const BODY: &[u8] = br#"{"model":"bench","stream":true,"messages":[]}"#;

/// Counts bytes.
pub(super) async fn bare(url: &str) -> usize {
    let address = url.trim_start_matches("http://").to_owned();
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let address = address.clone();
        streams.spawn(async move {
            let stream = TcpStream::connect(&address).await.expect("the server listens");
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
            let connection = tokio::spawn(connection);
            let request = Request::post("/v1/chat/completions")
                .header("host", &address)
                .body(Full::new(Bytes::from_static(BODY)))
                .expect("a valid request");
            let mut body = sender.send_request(request).await.expect("a response").into_body();
            let mut bytes = 0;
            while let Some(frame) = body.frame().await {
                bytes += frame.expect("the body is whole").data_ref().map_or(0, Bytes::len);
            }
            connection.abort();
            bytes
        });
    }
    let bytes: usize = streams.join_all().await.into_iter().sum();
    assert!(STREAMS * CHUNKS as usize * 200 < bytes, "{bytes} bytes are not all");
    STREAMS * CHUNKS as usize
}

/// `rehearsal bench`, without its output.
pub(super) async fn ours(url: &str, concurrency: usize, requests: usize, tokens: u32) -> usize {
    let plan = LoadPlan::builder(url, "bench")
        .concurrency(concurrency)
        .requests(requests)
        .max_tokens(tokens)
        .streaming(Streaming::On)
        .warm_up(WarmUp::Skip)
        .extra_body([("ignore_eos".to_owned(), true.into())].into_iter().collect())
        .build()
        .expect("a sound plan");
    let transport = HttpTransport::new(ConnectionMode::Pooled).expect("an HTTP client");
    let outcome = Run::new(plan, transport).run(pending()).await.expect("the server answers");
    assert_eq!(outcome.report.counts.ok, requests, "{:?}", outcome.report.warnings);
    outcome.report.tokens.chunks
}

/// As `async-openai` and its like: structs for everything that the API has.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what a client makes of a chunk, whether or not it is looked at")]
struct Chunk {
    id: String,
    object: String,
    created: u64,
    model: String,
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "see above")]
struct Choice {
    index: u32,
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "see above")]
struct Delta {
    role: Option<String>,
    content: Option<String>,
    reasoning_content: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "see above")]
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
    completion_tokens: u64,
}

/// Parses every chunk into structs, and notes when each text came.
pub(super) async fn serde(url: &str) -> usize {
    let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let request = client.post(format!("{url}/v1/chat/completions")).body(BODY);
        streams.spawn(async move {
            let mut events = request.send().await.expect("a response").bytes_stream().eventsource();
            let mut texts = Vec::new();
            while let Some(event) = events.next().await {
                let event = event.expect("the stream is whole");
                if event.data == "[DONE]" {
                    break;
                }
                let chunk: Chunk = serde_json::from_str(&event.data).expect("a chunk");
                let text = chunk.choices.first().and_then(|choice| choice.delta.content.as_ref());
                if text.is_some_and(|text| !text.is_empty()) {
                    texts.push(Instant::now());
                }
            }
            texts.len()
        });
    }
    let chunks: usize = streams.join_all().await.into_iter().sum();
    assert_eq!(chunks, STREAMS * CHUNKS as usize);
    chunks
}
