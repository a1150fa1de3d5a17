//! HTTP over an in-memory byte stream on the paused clock: exact to the millisecond, with no socket and no thread.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{convert::Infallible, io, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::{body::Frame, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rehearsal_load::{LoadPlan, Run, RunError, StreamTransport, StreamUsage, Streaming, Verdict, WarmUp, metrics};
use tokio::{
    io::DuplexStream,
    time::{Instant, sleep_until},
};

const TOKENS: u64 = 20;

/// A token every 10 ms after 100 ms, each an HTTP chunk of its own, then the end.
async fn serve(io: DuplexStream) {
    let service = service_fn(async |request: http::Request<hyper::body::Incoming>| {
        assert_eq!(request.uri(), "/v1/chat/completions?a=b");
        assert_eq!(request.headers()["host"], "fake:81");
        let request: serde_json::Value =
            serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(request["stream"], true);

        let begun = Instant::now();
        let chunks = stream::iter(0..TOKENS).then(move |i| async move {
            sleep_until(begun + Duration::from_millis(100 + 10 * i)).await;
            let finish = if i + 1 == TOKENS { "\"length\"" } else { "null" };
            let delta = format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#);
            let done = if i + 1 == TOKENS { "data: [DONE]\n\n" } else { "" };
            Ok::<_, Infallible>(Frame::data(Bytes::from(format!("data: {delta}\n\n{done}"))))
        });
        Response::builder()
            .status(StatusCode::OK)
            .header("content-type", "text/event-stream")
            .body(StreamBody::new(chunks.boxed()))
    });
    http1::Builder::new().serve_connection(TokioIo::new(io), service).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn tokens_over_an_in_memory_stream_have_exact_instants() {
    let transport = StreamTransport::new(|| async {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        tokio::spawn(serve(theirs));
        Ok(ours)
    });
    let plan = LoadPlan::builder("http://fake:81?a=b", "m")
        .concurrency(16)
        .requests(64)
        .streaming(Streaming::On)
        .stream_usage(StreamUsage::NotAsked)
        .warm_up(WarmUp::Skip)
        .build()
        .unwrap();
    let outcome = Run::new(plan, transport).run(std::future::pending()).await.unwrap();

    for request in &outcome.requests {
        let wave = u32::try_from(request.index / 16).unwrap();
        let start = wave * Duration::from_millis(290);
        assert_eq!(request.verdict, Verdict::Ok, "{:?}", request.detail);
        assert_eq!(request.started, start);
        assert_eq!((request.connect, request.reused), (Some(Duration::ZERO), Some(false)));
        assert_eq!(metrics::ttft(request), Some(Duration::from_millis(100)));
        let gaps: Vec<Duration> = metrics::gaps(request).iter().map(|gap| gap.length).collect();
        assert_eq!(gaps, [Duration::from_millis(10); 19]);
        assert_eq!(metrics::e2el(request), Some(Duration::from_millis(290)));
    }
    assert_eq!(outcome.window, Duration::from_millis(4 * 290));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_closes_is_no_answer_and_a_connector_that_fails_no_server() {
    let closing = StreamTransport::new(|| async {
        let (ours, theirs) = tokio::io::duplex(64);
        drop(theirs);
        Ok(ours)
    });
    let plan = || LoadPlan::builder("http://fake", "m");
    let outcome =
        Run::new(plan().warm_up(WarmUp::Skip).build().unwrap(), closing).run(std::future::pending()).await.unwrap();
    assert_eq!(outcome.requests[0].verdict, Verdict::ConnectError);

    let failing = StreamTransport::new(|| async { Err::<DuplexStream, _>(io::Error::other("the fake is down")) });
    let error = Run::new(plan().build().unwrap(), failing).run(std::future::pending()).await.unwrap_err();
    assert!(matches!(&error, RunError::Unreachable { detail, .. } if detail.contains("the fake is down")), "{error}");
}
