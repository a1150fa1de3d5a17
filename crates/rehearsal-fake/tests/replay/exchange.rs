//! One recorded request and its answer.

use std::{collections::BTreeMap, io::Read};

use axum::{Router, body::Body, http::Request, response::Response};
use flate2::read::GzDecoder;
use serde::Deserialize;
use tower::ServiceExt;

/// The recorded servers listened at several ports; a redirect tells which.
const HOST: &str = "127.0.0.1:8013";

#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) case: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    pub(crate) status: u16,
    pub(crate) response_headers: BTreeMap<String, String>,
    pub(crate) response: String,
}

/// All exchanges of a recording.
pub(crate) fn recorded(gzipped: &[u8]) -> Vec<Exchange> {
    let mut text = String::new();
    GzDecoder::new(gzipped).read_to_string(&mut text).expect("the fixture is a gzip file");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is an exchange")).collect()
}

impl Exchange {
    /// The same request, asked of the fake.
    pub(crate) async fn ask(&self, router: &Router) -> Response {
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.path).header("host", HOST);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let body = self.body.clone().unwrap_or_default();
        // this body is recorded as Latin-1, which is what makes it invalid
        let bytes = if self.case.ends_with("invalid-utf8") {
            body.chars().map(|character| u8::try_from(u32::from(character)).expect("Latin-1")).collect()
        } else {
            body.into_bytes()
        };
        let request = request.body(Body::from(bytes)).expect("a recorded request is one");
        router.clone().oneshot(request).await.expect("a router answers")
    }
}
