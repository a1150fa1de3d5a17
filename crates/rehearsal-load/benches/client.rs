//! What reading a stream costs: `cargo bench -p rehearsal-load --bench client`.
//!
//! Three rows over the same bytes, chunks of vLLM 0.13's size, one HTTP chunk an event, as vLLM sends them:
//! * in memory: the decoder and the timeline alone, beside a loop that only counts line breaks;
//! * bare client: hyper's HTTP/1 client over an in-memory stream, counting bytes;
//! * our client: the same exchange through `StreamTransport` and `attempt`, time stamps and verdict included.
//!
//! The server's share is the same in the last two rows, so their ratio understates what ours adds; the difference in
//! µs a chunk is printed as well.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails as a test does")]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark reads the real clock")]

use std::{convert::Infallible, fmt::Write as _, hint::black_box, num::NonZeroU32, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::{body::Frame, client::conn::http1 as client, server::conn::http1 as server, service::service_fn};
use hyper_util::rt::TokioIo;
use rehearsal_load::{
    Endpoint, ResponseReader, StreamTransport, Streaming, Verdict,
    client::{Begun, End, Expectation},
    run::{Attempt, attempt},
};
use tokio::io::DuplexStream;

const CHUNKS: u32 = 20_000;
const ROUNDS: u32 = 15;

fn events() -> Vec<Bytes> {
    let mut events = Vec::new();
    let mut event = |choices: &str, rest: &str| {
        let mut text = String::new();
        write!(
            text,
            "data: {{\"id\":\"chatcmpl-9dcaa5d61de0b2ff\",\"object\":\"chat.completion.chunk\",\"created\":1766400000,\
             \"model\":\"RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic\",\"choices\":[{choices}]{rest}}}\n\n"
        )
        .unwrap();
        events.push(Bytes::from(text));
    };
    event(
        r#"{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null},"logprobs":null,"finish_reason":null}"#,
        r#","prompt_token_ids":null"#,
    );
    for _ in 1..CHUNKS {
        event(
            r#"{"index":0,"delta":{"content":" token","reasoning_content":null},"logprobs":null,"finish_reason":null,"token_ids":null}"#,
            "",
        );
    }
    event(
        r#"{"index":0,"delta":{"content":" end","reasoning_content":null},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}"#,
        "",
    );
    event(
        "",
        &format!(r#","usage":{{"prompt_tokens":89,"total_tokens":{},"completion_tokens":{CHUNKS}}}"#, 89 + CHUNKS),
    );
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn expectation() -> Expectation {
    Expectation {
        endpoint: Endpoint::Chat,
        streaming: Streaming::On,
        usage_due: true,
        tokens_hint: NonZeroU32::new(CHUNKS).unwrap(),
    }
}

/// The ratio to a bare client that fails the run: measured 1.5 to 1.7, with room for a busy machine.
const GUARD: f64 = 2.5;

const BEGUN: Begun = Begun { index: 0, scheduled: Duration::ZERO, started: Duration::ZERO };

/// The fastest of several rounds: noise only ever adds.
fn best(mut round: impl FnMut()) -> Duration {
    (0..ROUNDS)
        .map(|_| {
            let begun = std::time::Instant::now();
            round();
            begun.elapsed()
        })
        .min()
        .unwrap()
}

fn row(name: &str, took: Duration) -> f64 {
    let micros = took.as_secs_f64() * 1e6 / f64::from(CHUNKS);
    println!("{name:<34} {:>10.0} chunks/s {micros:>8.3} µs/chunk", 1e6 / micros);
    micros
}

fn read_all(events: &[Bytes]) {
    let mut reader = ResponseReader::new(expectation(), BEGUN);
    reader.headers(Duration::ZERO, StatusCode::OK, &HeaderMap::new());
    for event in events {
        black_box(reader.bytes(Duration::from_millis(1), event));
    }
    let timeline = reader.finish(Duration::from_millis(2), End::Clean);
    assert_eq!((timeline.verdict, timeline.chunks.len()), (Verdict::Ok, CHUNKS as usize));
}

async fn serve(io: DuplexStream, events: Vec<Bytes>) {
    let service = service_fn(|_: Request<hyper::body::Incoming>| {
        let body = stream::iter(events.clone()).map(|event| Ok::<_, Infallible>(Frame::data(event)));
        async {
            Response::builder().header("content-type", "text/event-stream").body(BodyExt::boxed(StreamBody::new(body)))
        }
    });
    // the peer may be gone before the connection says goodbye
    let _ = server::Builder::new().serve_connection(TokioIo::new(io), service).await;
}

fn connect(events: &[Bytes]) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    tokio::spawn(serve(theirs, events.to_vec()));
    ours
}

async fn bare(events: &[Bytes]) -> usize {
    let (mut sender, connection) = client::handshake(TokioIo::new(connect(events))).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("/").header("host", "bench").body(Empty::<Bytes>::new()).unwrap();
    let mut body = sender.send_request(request).await.unwrap().into_body();
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().data_ref().map_or(0, Bytes::len);
    }
    bytes
}

async fn ours(events: &[Bytes]) -> usize {
    let owned = events.to_vec();
    let transport = StreamTransport::new(move || {
        let stream = connect(&owned);
        async { Ok(stream) }
    });
    let request = Attempt {
        request: Request::post("http://bench/").body(Bytes::new()).unwrap(),
        expectation: expectation(),
        begun: BEGUN,
        origin: tokio::time::Instant::now(),
        timeout: Duration::from_mins(1),
        stall_timeout: Some(Duration::from_secs(10)),
    };
    let timeline = attempt(&transport, request).await;
    assert_eq!(timeline.verdict, Verdict::Ok, "{:?}", timeline.detail);
    timeline.chunks.len()
}

fn main() {
    let events = events();
    let bytes: usize = events.iter().map(Bytes::len).sum();
    println!("{CHUNKS} chunks of {} bytes, best of {ROUNDS} rounds", bytes / events.len());

    let count = best(|| {
        black_box(events.iter().map(|event| memchr::memchr_iter(b'\n', event).count()).sum::<usize>());
    });
    let read = best(|| read_all(&events));
    row("counting line breaks, in memory", count);
    let read = row("decoder and timeline, in memory", read);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let bare = best(|| assert_eq!(runtime.block_on(bare(&events)), bytes));
    let ours = best(|| assert_eq!(runtime.block_on(ours(&events)), CHUNKS as usize));
    let bare = row("bare hyper client and its server", bare);
    let ours = row("our client and the same server", ours);
    println!("ratio ours/bare {:.2}, ours − bare {:.3} µs/chunk, of which reading {read:.3}", ours / bare, ours - bare);
    assert!(ours / bare <= GUARD, "a chunk costs more than {GUARD} times what a bare client needs");
}
