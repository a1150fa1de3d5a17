//! Arbitrary JSON, and valid requests with something changed, sent to every route that takes a body, of each recorded server: nothing
//! panics, every answer has the shape of an answer or of an error, and a 5xx comes only where vLLM itself has one (`crashes`).
//!
//! `PROPTEST_CASES` says how many requests each server gets.

mod crashes;
mod requests;
mod shape;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use rehearsal_fake::{FakeVllm, FrontendOptions};
use requests::Sent;
use serde_json::{Value, json};
use tower::ServiceExt;

#[test]
fn version_0_13_answers_whatever_is_sent() {
    fuzz("0.13.0");
}

#[test]
fn version_0_32_answers_whatever_is_sent() {
    fuzz("0.32.0");
}

#[test]
fn the_rust_frontend_answers_whatever_is_sent() {
    fuzz("0.32.0-rust");
}

fn fuzz(version: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let server = std::cell::RefCell::new(runtime.block_on(async { server(version) }));
    runner
        .run(&requests::all(), |sent| {
            let router = server.borrow().clone();
            let dead = runtime.block_on(check(&router, version, &sent))?;
            if dead {
                // some requests kill some engines: the next one gets a new server
                *server.borrow_mut() = runtime.block_on(async { self::server(version) });
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{version}: {failure}"));
}

fn server(version: &str) -> Router {
    let version = version.parse().expect("a version of the table");
    let frontend = FrontendOptions::for_model("tiny");
    let builder = FakeVllm::builder().vllm_version(version).frontend(frontend).max_model_len(256);
    builder.into_router().expect("the settings are right")
}

/// Asks, and returns whether the engine is dead now.
async fn check(router: &Router, version: &str, sent: &Sent) -> Result<bool, TestCaseError> {
    let (status, kind, body) = ask(router, sent.path, sent.body.clone().into_bytes()).await;
    let crash = crashes::reason(version, sent);
    prop_assert!(status < 500 || crash.is_some(), "{status} from {} for {}: {}", sent.path, sent.body, text(&body));
    if let Some(wrong) = shape::wrong(status, &kind, &body) {
        return Err(TestCaseError::fail(format!("{} for {}: {wrong}: {}", sent.path, sent.body, text(&body))));
    }
    let plain = json!({"prompt": "a", "max_tokens": 2}).to_string();
    let (status, _, body) = ask(router, "/v1/completions", plain.into_bytes()).await;
    if 500 <= status && crash.is_some_and(|crash| crash.kills) {
        return Ok(true);
    }
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    prop_assert_eq!(&answer["usage"]["completion_tokens"], &json!(2), "after {} to {}", sent.body, sent.path);
    Ok(false)
}

async fn ask(router: &Router, path: &str, body: Vec<u8>) -> (u16, String, Vec<u8>) {
    let request =
        Request::post(path).header("content-type", "application/json").body(Body::from(body)).expect("a request");
    let response = router.clone().oneshot(request).await.expect("a router answers");
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    (status, kind, to_bytes(response.into_body(), usize::MAX).await.expect("a whole body").to_vec())
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(400).collect()
}
