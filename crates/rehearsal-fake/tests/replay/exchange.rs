//! One recorded request and its answer.

use std::{collections::BTreeMap, io::Read};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

use super::servers::Server;

/// The recorded servers listened at several ports; a redirect tells which.
const HOST: &str = "127.0.0.1:8013";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Exchange {
    pub(crate) case: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<String>,
    pub(crate) status: u16,
    pub(crate) response_headers: BTreeMap<String, String>,
    pub(crate) response: String,
    /// How the counters moved, if that was recorded.
    pub(crate) metrics: Option<BTreeMap<String, f64>>,
    /// Of several clients: what each got.
    pub(crate) clients: Vec<Value>,
    /// Of a client that left: the events until then.
    pub(crate) events: Vec<Value>,
    #[serde(skip)]
    pub(crate) is_0_13: bool,
}

/// What the fake answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// All exchanges of a recording, in the order in which they were recorded.
pub(crate) fn recorded(gzipped: &[u8], is_0_13: bool) -> Vec<Exchange> {
    let mut text = String::new();
    GzDecoder::new(gzipped).read_to_string(&mut text).expect("the fixture is a gzip file");
    let exchange = |line| Exchange { is_0_13, ..serde_json::from_str(line).expect("a line is an exchange") };
    text.lines().map(exchange).collect()
}

impl Exchange {
    /// Whether the recorded text was drawn by a generator whose state no request shows, from a distribution that leaves a choice: no seed, and
    /// a temperature above 1 or a prompt that ends in no token of a script.
    pub(crate) fn is_drawn(&self) -> bool {
        let Some(request) = self.body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok()) else {
            return false;
        };
        let temperature = request["temperature"].as_f64().unwrap_or(1.0);
        let in_script = |prompt: &str| prompt.ends_with('\n') || prompt.ends_with("|>");
        let scripted = request["prompt"].as_str().is_none_or(in_script);
        let leaves_a_choice = 1.0 < temperature || 1e-5 < temperature && !scripted;
        leaves_a_choice && request["seed"].is_null() && self.response.contains("\"choices\"")
    }

    /// Whether it was recorded how the counters moved, and can be compared.
    pub(crate) fn counts(&self) -> bool {
        self.metrics.is_some() && !self.breaks_off() && !self.is_special()
    }

    /// Whether an error ended its stream: how far the engine had come by then is a race.
    pub(crate) fn breaks_off(&self) -> bool {
        self.response.contains("data: {\"error\"")
    }

    /// Whether a stop string ended it. vLLM looks for those outside its engine, which meanwhile goes on.
    pub(crate) fn is_stopped_by_text(&self) -> bool {
        self.response.contains("\"stop_reason\":\"")
    }

    /// Whether several choices were streamed through one parser of tool calls, as 0.13.0 does: which choice loses a piece of the arguments
    /// depends on whose token reached the frontend first.
    pub(crate) fn shares_a_parser(&self) -> bool {
        let request = self.body.as_deref().and_then(|body| serde_json::from_str::<Value>(body).ok());
        self.is_0_13
            && request
                .is_some_and(|request| request["n"].as_u64().is_some_and(|n| 1 < n) && !request["tools"].is_null())
    }

    /// Whether this is a scenario of its own and no single request.
    pub(crate) fn is_special(&self) -> bool {
        self.method.is_empty()
    }

    /// The same request, asked of the fake; `None` for a case of several clients.
    pub(crate) async fn ask(&self, server: &Server) -> Option<Answer> {
        if self.method.is_empty() {
            return None;
        }
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
        let response = server.router.clone().oneshot(request).await.expect("a router answers");
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter(|(name, _)| !["date", "connection", "content-length", "transfer-encoding"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()))
            .collect();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
        Some(Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() })
    }
}
