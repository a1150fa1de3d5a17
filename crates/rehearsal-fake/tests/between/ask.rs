//! A fake of a release, asked in memory.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use rehearsal_fake::{FakeVllm, FrontendOptions, api::PromptTokensDetails, usage::UsageReporting};
use serde_json::Value;
use tower::ServiceExt;

/// What a server is started with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flags {
    Plain,
    /// `--enable-force-include-usage`
    Force,
    /// `--enable-prompt-tokens-details`
    Details,
}

/// The longest context, in tokens.
pub(crate) const CONTEXT: u32 = 4096;

pub(crate) fn server(version: &str, flags: Flags) -> Router {
    let mut frontend = FrontendOptions::for_model("tiny");
    match flags {
        Flags::Plain => {}
        Flags::Force => frontend.usage_reporting = UsageReporting::Forced,
        Flags::Details => frontend.prompt_tokens_details = PromptTokensDetails::Shown,
    }
    FakeVllm::builder()
        .vllm_version(version.parse().expect("a version of the table"))
        .frontend(frontend)
        .max_model_len(CONTEXT)
        .into_router()
        .expect("the settings are right")
}

pub(crate) async fn post(router: &Router, path: &str, body: &Value) -> (u16, String) {
    let request = Request::post(path).header("content-type", "application/json");
    send(router, request.body(Body::from(body.to_string())).expect("a request")).await
}

pub(crate) async fn get(router: &Router, path: &str) -> (u16, String) {
    send(router, Request::get(path).body(Body::empty()).expect("a request")).await
}

async fn send(router: &Router, request: Request<Body>) -> (u16, String) {
    let response = router.clone().oneshot(request).await.expect("a router answers");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
    (status, String::from_utf8(bytes.to_vec()).expect("UTF-8"))
}

/// The chunks of a stream.
pub(crate) fn chunks(stream: &str) -> Vec<Value> {
    let data = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).expect("a chunk is JSON")).collect()
}
