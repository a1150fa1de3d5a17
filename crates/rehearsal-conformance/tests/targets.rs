//! Bad targets: each ends within its limits, says what is wrong, and keeps what was found so far.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use rehearsal_conformance::{CaseReport, Suite, SuiteError, SuiteEvent, Target, Verdict};
use rehearsal_load::transport::{Exchange, Transport, TransportError};
use tokio::time::Instant;

/// What a made-up server does with one request.
enum Act {
    Answer(u16, &'static str, &'static str),
    Refuse,
    Hang,
    HangInBody,
    Lose,
    Endless,
}

/// A server that is a function of the path and of how many requests came before.
struct MadeUp {
    act: fn(&str, usize) -> Act,
    turn: AtomicUsize,
}

impl Transport for MadeUp {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        let act = (self.act)(request.uri().path(), self.turn.fetch_add(1, Ordering::Relaxed));
        async move {
            let (status, kind, body) = match act {
                Act::Refuse => return Err(TransportError::Connect("connection refused".into())),
                Act::Hang => std::future::pending().await,
                Act::Answer(status, kind, text) => {
                    (status, kind, stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed())
                }
                Act::HangInBody => (200, "text/event-stream", stream::pending().boxed()),
                Act::Lose => {
                    let lost = TransportError::Body("connection reset".into());
                    (200, "application/json", stream::iter([Ok(Bytes::from_static(b"{")), Err(lost)]).boxed())
                }
                Act::Endless => {
                    let event = Bytes::from_static(b"data: {\"choices\":[]}\n\n");
                    (200, "text/event-stream", stream::repeat_with(move || Ok(event.clone())).boxed())
                }
            };
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static(kind));
            let status = StatusCode::from_u16(status).expect("a valid status");
            Ok(Exchange { status, headers, body, connect: None, reused: None })
        }
        .boxed()
    }
}

fn target(act: fn(&str, usize) -> Act) -> Target {
    Target::new("http://made-up", MadeUp { act, turn: AtomicUsize::new(0) })
        .timeout(Duration::from_secs(5))
        .body_limit(1_000_000)
}

const MODELS: &str = r#"{"data":[{"id":"m","owned_by":"vllm","max_model_len":64}]}"#;
const ANSWER: &str = r#"{"choices":[{"index":0,"text":"a","message":{"content":"a"},"finish_reason":"length"}],
    "usage":{"prompt_tokens":1,"total_tokens":2,"completion_tokens":1}}"#;

/// A server that can be surveyed; `U-01` then asks chat first, as the seventh request.
fn surveyed(path: &str) -> Act {
    match path {
        "/v1/models" => Act::Answer(200, "application/json", MODELS),
        "/version" => Act::Answer(200, "application/json", r#"{"version":"0.13.0"}"#),
        "/v1/chat/completions" | "/v1/completions" => Act::Answer(200, "application/json", ANSWER),
        _ => Act::Answer(404, "application/json", r#"{"detail":"Not Found"}"#),
    }
}

async fn error(act: fn(&str, usize) -> Act) -> SuiteError {
    Suite::standard().run(&target(act), |_: &SuiteEvent<'_>| {}).await.expect_err("no case can be run")
}

/// The case `U-01` against this server.
async fn first_case(act: fn(&str, usize) -> Act) -> CaseReport {
    let suite = Suite::standard().filter("U-01");
    let mut report = suite.run(&target(act), |_: &SuiteEvent<'_>| {}).await.expect("a server that can be surveyed");
    report.cases.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_is_named() {
    let error = error(|_, _| Act::Refuse).await;
    assert_eq!(
        error.to_string(),
        "target `http://made-up`: cannot connect: connection refused; check the address and that the server is up"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_left_after_the_time_limit() {
    let begun = Instant::now();
    let error = error(|_, _| Act::Hang).await;
    assert_eq!(error.to_string(), "target `http://made-up`: no response within 5s");
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_server_without_models_is_no_openai_server() {
    let error = error(|_, _| Act::Answer(200, "text/html", "<html>hello</html>")).await;
    assert_eq!(
        error.to_string(),
        "target `http://made-up`: /v1/models names no model but answered HTTP 200 text/html \"<html>hello</html>\"; \
         is it an OpenAI-compatible server?"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_a_key_is_told_apart() {
    let error = error(|_, _| Act::Answer(401, "application/json", r#"{"error":"Unauthorized"}"#)).await;
    assert_eq!(error.to_string(), "target `http://made-up`: /v1/models answered 401; give the server's API key");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_fails_the_case_within_the_limit() {
    let begun = Instant::now();
    let case = first_case(|path, turn| if turn < 6 { surveyed(path) } else { Act::Hang }).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(case.verdict, Verdict::Fail);
    assert_eq!(case.findings[0].seen, "no response within 5s");
    assert_eq!(case.exchanges[0].response, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_stalls_fails_the_case_within_the_limit() {
    let case = first_case(|path, turn| if turn < 6 { surveyed(path) } else { Act::HangInBody }).await;
    assert_eq!((case.verdict, case.findings[0].seen.as_str()), (Verdict::Fail, "no end within 5s, after 0 bytes"));
}

#[tokio::test(start_paused = true)]
async fn an_endless_stream_is_cut_at_the_size_limit() {
    let case = first_case(|path, turn| if turn < 6 { surveyed(path) } else { Act::Endless }).await;
    assert_eq!((case.verdict, case.findings[0].seen.as_str()), (Verdict::Fail, "no end within 1000000 bytes"));
    let response = case.exchanges[0].response.as_ref().expect("an answer began");
    assert!(response.body.len() <= 64 * 1024, "a report keeps the first 64 KiB");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_fails_the_case_and_keeps_what_came() {
    let case = first_case(|path, turn| if turn < 6 { surveyed(path) } else { Act::Lose }).await;
    assert_eq!(case.verdict, Verdict::Fail);
    assert_eq!(case.exchanges[0].response.as_ref().expect("an answer began").body, "{");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_ends_the_run_with_the_verdicts_so_far() {
    let suite = Suite::standard().filter("U-0");
    let dies = |path: &str, turn: usize| if turn < 8 { surveyed(path) } else { Act::Refuse };
    let report = suite.run(&target(dies), |_: &SuiteEvent<'_>| {}).await.expect("it was alive at first");
    let verdicts: Vec<&str> = report.cases.iter().map(|case| case.verdict.label()).collect();
    assert_eq!(verdicts, ["PASS", "INCONCLUSIVE"]);
    assert_eq!(
        report.ended_early.as_deref(),
        Some("in U-02: cannot connect: connection refused; check the address and that the server is up")
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_endpoint_is_unimplemented_and_not_a_failure() {
    fn chat_only(path: &str, _: usize) -> Act {
        match path {
            "/v1/completions" => Act::Answer(404, "application/json", r#"{"detail":"Not Found"}"#),
            path => surveyed(path),
        }
    }
    assert_eq!(first_case(chat_only).await.verdict, Verdict::Pass, "chat alone is judged");
    let suite = Suite::standard().filter("U-03");
    let report = suite.run(&target(chat_only), |_: &SuiteEvent<'_>| {}).await.expect("a server that can be surveyed");
    assert_eq!(report.counts.unimplemented, 1);
}

#[tokio::test(start_paused = true)]
async fn the_key_is_sent_and_never_reported() {
    let target = target(|path, _| surveyed(path)).api_key("sk-secret");
    let suite = Suite::standard().filter("U-0");
    let report = suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("a server that can be surveyed");
    assert!(!report.to_json().contains("sk-secret"));
}
