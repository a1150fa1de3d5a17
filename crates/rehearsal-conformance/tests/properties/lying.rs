//! A server between the suite and the fake that tells one thing wrong, in whole answers and in streams.

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use http::Request;
use rehearsal_load::transport::{Exchange, Transport, TransportError};
use serde_json::Value;

/// Changes a body or chunk, given the request and what came before it in the stream.
pub(crate) type Lie = fn(request: &Value, before: &[Value], told: &mut Value);

pub(crate) struct Lying<T> {
    pub(crate) inner: T,
    pub(crate) lie: Lie,
}

impl<T: Transport> Transport for Lying<T> {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Exchange, TransportError>> {
        async move {
            let asked: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let mut exchange = self.inner.send(request).await?;
            let mut body = Vec::new();
            while let Some(piece) = exchange.body.next().await {
                body.extend_from_slice(&piece?);
            }
            let told = String::from_utf8_lossy(&body).into_owned();
            let told = if told.starts_with("data: ") { self.events(&asked, &told) } else { self.whole(&asked, told) };
            exchange.headers.remove("content-length");
            exchange.body = stream::iter([Ok(Bytes::from(told))]).boxed();
            Ok(exchange)
        }
        .boxed()
    }
}

impl<T> Lying<T> {
    fn whole(&self, asked: &Value, told: String) -> String {
        let Ok(mut body) = serde_json::from_str::<Value>(&told) else { return told };
        (self.lie)(asked, &[], &mut body);
        body.to_string()
    }

    fn events(&self, asked: &Value, told: &str) -> String {
        let mut before = Vec::new();
        let mut event = |event: &str| {
            let Some(mut chunk) =
                event.strip_prefix("data: ").and_then(|json| serde_json::from_str::<Value>(json).ok())
            else {
                return format!("{event}\n\n");
            };
            (self.lie)(asked, &before, &mut chunk);
            before.push(chunk.clone());
            format!("data: {chunk}\n\n")
        };
        told.split_terminator("\n\n").map(&mut event).collect()
    }
}

/// Adds to the count at a pointer, where there is one.
pub(crate) fn add(told: &mut Value, pointer: &str, more: i64) {
    if let Some(count) = told.pointer_mut(pointer)
        && let Some(counted) = count.as_i64()
    {
        *count = (counted + more).into();
    }
}

/// Adds to the count of completion tokens, and to the total.
pub(crate) fn add_completion(told: &mut Value, more: i64) {
    add(told, "/usage/completion_tokens", more);
    add(told, "/usage/total_tokens", more);
}
