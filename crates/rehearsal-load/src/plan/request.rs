//! What goes over the wire: the requests of a plan, body and headers.

use std::num::NonZeroU32;

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Request,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use serde_json::{Map, Value, json};

use super::{Endpoint, LoadPlan, StreamUsage, Streaming, WarmUp, workload::Exchanged};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Tokens of the warm-up request at most, as in the report's script.
const WARM_UP_TOKENS: NonZeroU32 = NonZeroU32::new(32).expect("32 is not zero");

/// The warm-up has images that no measured request has.
const WARM_UP_IMAGES: usize = usize::MAX;

impl LoadPlan {
    /// Measured request number `index`, ready to send.
    #[must_use]
    pub fn request(&self, index: usize) -> Request<Bytes> {
        let before = self.workload.before(index, |earlier| self.max_tokens_of(earlier).get());
        let mut request = self.request_with(&before, self.content(index, index), self.max_tokens_of(index));
        if let Some(id) = self.request_id(index) {
            request.headers_mut().insert(REQUEST_ID, id);
        }
        request
    }

    fn request_id(&self, index: usize) -> Option<HeaderValue> {
        let id = format!("{}{index}", self.request_ids.as_ref()?);
        Some(HeaderValue::try_from(id).expect("the prefix was checked, and digits are fine"))
    }

    /// The prompt of request `index`, with the images that request `images` has.
    fn content(&self, index: usize, images: usize) -> Value {
        let prompt = self.workload.prompt(index);
        if self.images.is_empty() { json!(prompt) } else { self.images.content(images, &prompt) }
    }

    /// Most tokens of the answer to request `index`: the workload's, or the plan's where it has none.
    #[must_use]
    pub fn max_tokens_of(&self, index: usize) -> NonZeroU32 {
        self.workload.max_tokens(index).unwrap_or(self.max_tokens)
    }

    /// The warm-up request, or `None` if the plan has none.
    #[must_use]
    pub fn warm_up_request(&self) -> Option<Request<Bytes>> {
        match self.warm_up {
            WarmUp::Skip => None,
            WarmUp::One => {
                let max_tokens = self.max_tokens_of(0).min(WARM_UP_TOKENS);
                Some(self.request_with(&[], self.content(0, WARM_UP_IMAGES), max_tokens))
            }
        }
    }

    /// A request like the plan's, with this prompt alone.
    pub(crate) fn request_of(&self, prompt: &str, max_tokens: NonZeroU32) -> Request<Bytes> {
        self.request_with(&[], json!(prompt), max_tokens)
    }

    fn request_with(&self, before: &[Exchanged], prompt: Value, max_tokens: NonZeroU32) -> Request<Bytes> {
        let body = self.body(before, prompt, max_tokens).to_string();
        let mut request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, if self.streaming == Streaming::On { "text/event-stream" } else { "application/json" })
            .header(USER_AGENT, concat!("rehearsal/", env!("CARGO_PKG_VERSION")))
            .body(Bytes::from(body))
            .expect("the URL and the headers were checked when the plan was built");
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        request
    }

    /// The JSON body; the caller's extra fields come last and win.
    fn body(&self, before: &[Exchanged], prompt: Value, max_tokens: NonZeroU32) -> Value {
        let mut body = Map::new();
        body.insert("model".into(), json!(self.model));
        match self.endpoint {
            Endpoint::Chat | Endpoint::Messages => {
                let said = before.iter().flat_map(|Exchanged { question, answer }| {
                    [json!({"role": "user", "content": question}), json!({"role": "assistant", "content": answer})]
                });
                body.insert("messages".into(), said.chain([json!({"role": "user", "content": prompt})]).collect());
            }
            Endpoint::Completions => {
                body.insert("prompt".into(), prompt);
            }
            Endpoint::Responses | Endpoint::Embeddings => {
                body.insert("input".into(), prompt);
            }
        }
        if self.endpoint == Endpoint::Embeddings {
            body.extend(self.extra_body.clone());
            return Value::Object(body);
        }
        let most = if self.endpoint == Endpoint::Responses { "max_output_tokens" } else { "max_tokens" };
        body.insert(most.into(), json!(max_tokens));
        body.insert("temperature".into(), json!(self.temperature));
        if let Some(seed) = self.seed {
            body.insert("seed".into(), json!(seed));
        }
        body.insert("stream".into(), json!(self.streaming == Streaming::On));
        if self.streaming == Streaming::On && self.endpoint.has_stream_options() {
            match self.stream_usage {
                StreamUsage::NotAsked => None,
                StreamUsage::Final => body.insert("stream_options".into(), json!({"include_usage": true})),
                StreamUsage::Continuous => {
                    body.insert("stream_options".into(), json!({"include_usage": true, "continuous_usage_stats": true}))
                }
            };
        }
        for (key, value) in &self.extra_body {
            body.insert(key.clone(), value.clone());
        }
        Value::Object(body)
    }
}
