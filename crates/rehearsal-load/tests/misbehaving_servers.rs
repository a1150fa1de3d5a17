//! Plain HTTP servers that misbehave, over real sockets on loopback. Verdicts only: no figure depends on the clock.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use rehearsal_load::{
    ConnectionMode, HttpTransport, LoadPlan, Outcome, RequestTimeline, Run, RunError, Streaming, Verdict, WarmUp,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
                         "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;

async fn run(url: &str, requests: usize, streaming: Streaming, mode: ConnectionMode) -> Outcome {
    let plan = LoadPlan::builder(url, "m")
        .requests(requests)
        .streaming(streaming)
        .timeout(Duration::from_millis(500))
        .warm_up(WarmUp::Skip)
        .build()
        .unwrap();
    Run::new(plan, HttpTransport::new(mode).unwrap()).run(std::future::pending()).await.unwrap()
}

async fn one(url: &str, streaming: Streaming) -> RequestTimeline {
    run(url, 1, streaming, ConnectionMode::PerRequest).await.requests.remove(0)
}

#[track_caller]
fn check(request: &RequestTimeline, verdict: Verdict, detail: &str) {
    let seen = request.detail.as_deref().unwrap_or_default();
    assert!(request.verdict == verdict && seen.contains(detail), "{:?}: `{seen}` for `{detail}`", request.verdict);
}

async fn answers(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(response).mount(&server).await;
    server
}

#[tokio::test]
async fn a_good_answer_over_tcp_is_ok() {
    let server = answers(ResponseTemplate::new(200).set_body_raw(ANSWER, "application/json")).await;
    let request = one(&server.uri(), Streaming::Off).await;
    check(&request, Verdict::Ok, "");
    assert_eq!(request.reused, Some(false));
    assert!(request.connect.is_some_and(|connect| connect <= request.wall()));
    assert_eq!(request.output_tokens(), Some(2));
}

#[tokio::test]
async fn error_statuses_carry_the_servers_message() {
    for (status, body, detail) in [
        (400, r#"{"error":{"message":"max_tokens is too large","code":400}}"#, "HTTP 400: max_tokens is too large"),
        (401, r#"{"error":"Unauthorized"}"#, "HTTP 401: Unauthorized"),
        (404, r#"{"detail":"Not Found"}"#, r#"HTTP 404: {"detail":"Not Found"}"#),
        (302, "", "HTTP 302"),
        (500, "Internal Server Error\nwith a trace", "HTTP 500: Internal Server Error"),
        (503, r#"{"object":"error","message":"busy"}"#, "HTTP 503: busy"),
    ] {
        for streaming in [Streaming::Off, Streaming::On] {
            let response = ResponseTemplate::new(status).set_body_string(body).insert_header("location", "/elsewhere");
            let request = one(&answers(response).await.uri(), streaming).await;
            check(&request, Verdict::Error, detail);
            assert_eq!(request.status, Some(status));
        }
    }
}

#[tokio::test]
async fn bodies_that_are_not_the_api_are_violations() {
    let html = "<!doctype html><html><body>login</body></html>";
    for (body, content_type, detail) in [
        (html, "text/html", "content type is `text/html`, expected application/json"),
        (html, "application/json", "not the API's JSON"),
        ("", "application/json", "the body is empty"),
        ("[]", "application/json", "not the API's JSON"),
        ("{}", "application/json", "no choices"),
        (r#"{"choices":[]}"#, "application/json", "no choices"),
        (r#"{"choices":[{"index":0,"finish_reason":"stop"}]}"#, "application/json", "neither `message` nor `text`"),
        (r#"{"choices":"none"}"#, "application/json", "not the API's JSON"),
    ] {
        let server = answers(ResponseTemplate::new(200).set_body_raw(body, content_type)).await;
        check(&one(&server.uri(), Streaming::Off).await, Verdict::ProtocolViolation, detail);
    }
}

#[tokio::test]
async fn a_stream_that_comes_as_json_is_a_violation_unless_it_is_an_error() {
    let server = answers(ResponseTemplate::new(200).set_body_raw(ANSWER, "application/json")).await;
    check(&one(&server.uri(), Streaming::On).await, Verdict::ProtocolViolation, "expected text/event-stream");

    let error = r#"{"error":{"message":"engine dead"}}"#;
    let server = answers(ResponseTemplate::new(200).set_body_raw(error, "application/json")).await;
    check(&one(&server.uri(), Streaming::On).await, Verdict::ErrorInBand, "engine dead");
}

#[tokio::test]
async fn an_answer_without_a_finish_reason_or_usage_is_told_apart() {
    let unfinished = ANSWER.replace("\"stop\"", "null");
    let server = answers(ResponseTemplate::new(200).set_body_raw(unfinished, "application/json")).await;
    check(&one(&server.uri(), Streaming::Off).await, Verdict::Truncated, "choice 0 has no finish_reason");

    for (reason, verdict) in [("error", Verdict::ErrorInBand), ("abort", Verdict::Truncated)] {
        let body = ANSWER.replace("stop", reason);
        let server = answers(ResponseTemplate::new(200).set_body_raw(body, "application/json")).await;
        check(&one(&server.uri(), Streaming::Off).await, verdict, reason);
    }

    let uncounted = r#"{"choices":[{"index":0,"text":"","finish_reason":"stop"}],"usage":{"prompt_tokens":3}}"#;
    let server = answers(ResponseTemplate::new(200).set_body_raw(uncounted, "application/json")).await;
    let request = one(&server.uri(), Streaming::Off).await;
    check(&request, Verdict::UsageMissing, "tokens are unknown");
    assert_eq!((request.prompt_tokens(), request.output_tokens()), (Some(3), None));
}

#[tokio::test]
async fn an_empty_stream_is_truncated() {
    for body in ["", "\n\n", ": only a comment\n\n", "data: [DONE]\n\n"] {
        let server = answers(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")).await;
        check(&one(&server.uri(), Streaming::On).await, Verdict::Truncated, "");
    }
}

#[tokio::test]
async fn a_server_slower_than_the_time_out_is_a_time_out() {
    let server = answers(ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    let request = one(&server.uri(), Streaming::Off).await;
    check(&request, Verdict::Timeout, "");
    assert_eq!(request.status, None);
}

#[tokio::test]
async fn a_huge_body_is_refused_before_it_fills_the_memory() {
    let server = answers(ResponseTemplate::new(200).set_body_raw(vec![b' '; 65 << 20], "application/json")).await;
    let plan = LoadPlan::builder(server.uri(), "m").warm_up(WarmUp::Skip).build().unwrap();
    let transport = HttpTransport::new(ConnectionMode::PerRequest).unwrap();
    let outcome = Run::new(plan, transport).run(std::future::pending()).await.unwrap();
    check(&outcome.requests[0], Verdict::ProtocolViolation, "body of more than");
}

#[tokio::test]
async fn nobody_at_the_address_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    check(&one(&url, Streaming::Off).await, Verdict::ConnectError, "cannot connect");

    let plan = LoadPlan::builder(&url, "m").build().unwrap();
    let transport = HttpTransport::new(ConnectionMode::Pooled).unwrap();
    let error = Run::new(plan, transport).run(std::future::pending()).await.unwrap_err();
    assert!(matches!(error, RunError::Unreachable { .. }), "{error}");
}

/// A server that reads a request's headers and then writes exactly these bytes and closes.
struct RawServer {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    fn start(response: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::Relaxed);
                let mut stream = stream.unwrap();
                read_request(&mut stream);
                stream.write_all(response.as_bytes()).unwrap();
                let _ = stream.shutdown(Shutdown::Write);
            }
        });
        Self { url, connections }
    }
}

/// Up to the end of the JSON body, so that closing does not reset the connection under unread bytes.
fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.ends_with(b"}") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
}

#[tokio::test]
async fn connections_that_break_are_told_apart_by_where() {
    for (response, streaming, verdict) in [
        ("", Streaming::Off, Verdict::ConnectError),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n",
            Streaming::Off,
            Verdict::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"choices\":",
            Streaming::Off,
            Verdict::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
            Streaming::On,
            Verdict::Truncated,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n",
            Streaming::On,
            Verdict::Truncated,
        ),
        ("not http at all\r\n\r\n", Streaming::Off, Verdict::ConnectError),
    ] {
        let server = RawServer::start(response);
        let request = one(&server.url, streaming).await;
        assert_eq!(request.verdict, verdict, "{response:?}: {:?}", request.detail);
        assert_eq!(server.connections.load(Ordering::Relaxed), 1, "nothing is tried again behind our back");
    }
}

#[tokio::test]
async fn connections_are_new_or_used_again_as_asked_and_it_is_said() {
    for (mode, expect) in [
        (ConnectionMode::PerRequest, [Some(false), Some(false), Some(false)]),
        (ConnectionMode::Pooled, [Some(false), Some(true), Some(true)]),
    ] {
        let server = answers(ResponseTemplate::new(200).set_body_raw(ANSWER, "application/json")).await;
        let outcome = run(&server.uri(), 3, Streaming::Off, mode).await;
        let reused: Vec<Option<bool>> = outcome.requests.iter().map(|request| request.reused).collect();
        assert_eq!(reused, expect, "{mode:?}");
        for request in &outcome.requests {
            assert_eq!(request.connect.is_none(), request.reused == Some(true), "{mode:?}");
        }
    }
}

#[tokio::test]
async fn a_streamed_answer_leaves_its_connection_usable() {
    let stream = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n\
                  data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";
    let server = answers(ResponseTemplate::new(200).set_body_raw(stream, "text/event-stream")).await;
    let outcome = run(&server.uri(), 3, Streaming::On, ConnectionMode::Pooled).await;
    let seen: Vec<(Verdict, Option<bool>)> =
        outcome.requests.iter().map(|request| (request.verdict, request.reused)).collect();
    assert_eq!(seen, [(Verdict::Ok, Some(false)), (Verdict::Ok, Some(true)), (Verdict::Ok, Some(true))]);
}
