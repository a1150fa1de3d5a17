//! A server with one fault: another server's answers, with their bytes changed on the way.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use rehearsal_load::transport::{Exchange, Transport, TransportError};
use serde_json::Value;

/// So many requests does the suite send before its first case; their answers are left alone.
const SURVEY: usize = 6;

/// What a request asks, as far as faults depend on it.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) body: Value,
    /// How many requests came before.
    pub(crate) turn: usize,
}

/// An answer that a fault may change.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Takes a member out of an object.
pub(crate) fn remove(object: &mut Value, key: &str) -> Option<Value> {
    object.as_object_mut()?.shift_remove(key)
}

/// Changes an answer.
pub(crate) type Fault = fn(&Asked, &mut Reply);

impl Asked {
    /// Whether a member of the request is this value.
    pub(crate) fn has(&self, key: &str, value: &Value) -> bool {
        self.body.get(key) == Some(value)
    }

    /// Whether it is a stream that is left before its end: it goes through as it comes.
    fn is_left(&self) -> bool {
        self.streams() && self.body["max_tokens"].as_u64().is_some_and(|tokens| 1000 < tokens)
    }

    pub(crate) fn streams(&self) -> bool {
        self.has("stream", &Value::Bool(true))
    }
}

impl Reply {
    pub(crate) fn is_stream(&self) -> bool {
        self.text.starts_with("data: ")
    }

    /// Whether it is a stream that something was slow enough for.
    pub(crate) fn is_stream_with_comments(&self) -> bool {
        self.text.contains(": keep-alive\n\n") && self.text.contains("data: [DONE]")
    }

    /// Changes the blocks of a stream, without the empty lines between them.
    pub(crate) fn blocks(&mut self, change: impl FnOnce(&mut Vec<String>)) {
        if !self.is_stream() {
            return;
        }
        let mut blocks: Vec<String> = self.text.split_terminator("\n\n").map(str::to_owned).collect();
        change(&mut blocks);
        self.text = blocks.into_iter().map(|block| block + "\n\n").collect();
    }

    /// Changes the chunks of a stream, without `[DONE]`.
    pub(crate) fn chunks(&mut self, change: impl FnOnce(&mut Vec<Value>)) {
        self.blocks(|blocks| {
            let is_done = |block: &String| block == "data: [DONE]";
            let done: Vec<String> = blocks.iter().filter(|block| is_done(block)).cloned().collect();
            let json = |block: &String| serde_json::from_str(block.strip_prefix("data: ")?).ok();
            let mut chunks: Vec<Value> = blocks.iter().filter_map(json).collect();
            change(&mut chunks);
            *blocks = chunks.into_iter().map(|chunk| format!("data: {chunk}")).chain(done).collect();
        });
    }

    /// Changes the body of a whole answer.
    pub(crate) fn whole(&mut self, change: impl FnOnce(&mut Value)) {
        if let Ok(mut body) = serde_json::from_str(&self.text) {
            change(&mut body);
            self.text = body.to_string();
        }
    }

    /// Changes every usage object, of a whole answer or of chunks.
    pub(crate) fn usages(&mut self, change: impl Fn(&mut Value)) {
        let edit = |body: &mut Value| {
            if let Some(usage) = body.get_mut("usage").filter(|usage| usage.is_object()) {
                change(usage);
            }
        };
        if self.is_stream() {
            self.chunks(|chunks| chunks.iter_mut().for_each(edit));
        } else {
            self.whole(edit);
        }
    }

    /// Adds to a count of every usage object.
    pub(crate) fn add(&mut self, count: &str, more: i64) {
        self.usages(|usage| {
            if let Some(value) = usage.get(count).and_then(Value::as_i64) {
                usage[count] = (value + more).into();
            }
        });
    }

    /// Changes every choice, of a whole answer or of chunks.
    pub(crate) fn choices(&mut self, change: impl Fn(&mut Value)) {
        let edit = |body: &mut Value| {
            for choice in body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
                change(choice);
            }
        };
        if self.is_stream() {
            self.chunks(|chunks| chunks.iter_mut().for_each(edit));
        } else {
            self.whole(edit);
        }
    }

    /// Becomes a refusal in vLLM's form.
    pub(crate) fn refuse(&mut self, status: u16) {
        self.status = status;
        let error =
            serde_json::json!({"error": {"message": "no", "type": "BadRequestError", "param": null, "code": status}});
        self.text = error.to_string();
        self.headers.insert("content-type", HeaderValue::from_static("application/json"));
    }

    pub(crate) fn set_header(&mut self, name: &'static str, value: &'static str) {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// A transport that lets `fault` change what the inner one brings.
pub(crate) struct Faulty<T> {
    pub(crate) inner: T,
    pub(crate) fault: Fault,
    pub(crate) turn: AtomicUsize,
}

impl<T: Transport> Transport for Faulty<T> {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        let asked = Asked {
            path: request.uri().path().to_owned(),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            turn: self.turn.fetch_add(1, Ordering::Relaxed),
        };
        async move {
            let mut exchange = self.inner.send(request).await?;
            if asked.is_left() {
                return Ok(exchange);
            }
            let mut body = Vec::new();
            while let Some(piece) = exchange.body.next().await {
                body.extend_from_slice(&piece?);
            }
            let text = String::from_utf8_lossy(&body).into_owned();
            let mut reply = Reply { status: exchange.status.as_u16(), headers: exchange.headers, text };
            if SURVEY <= asked.turn {
                (self.fault)(&asked, &mut reply);
            }
            exchange.status = StatusCode::from_u16(reply.status).expect("a fault sets a valid status");
            exchange.headers = reply.headers;
            exchange.body = stream::once(async move { Ok(Bytes::from(reply.text)) }).boxed();
            Ok(exchange)
        }
        .boxed()
    }
}
