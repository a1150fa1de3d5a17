//! What a run needs and does not stand in its arguments: the model.

use std::time::Duration;

use futures_util::TryStreamExt;
use http::{Request, header::AUTHORIZATION};
use rehearsal_load::Transport;
use serde_json::Value;

use crate::exit::Expected;

/// The most of a model list that is read.
const MODEL_LIST_LIMIT: usize = 4 << 20;

/// The first model that `GET /v1/models` lists.
pub(super) async fn first_model(
    base_url: &str,
    key: Option<String>,
    transport: &impl Transport,
    timeout: Duration,
) -> anyhow::Result<String> {
    let base = base_url.trim_end_matches('/').trim_end_matches("/v1");
    let url = format!("{base}/v1/models");
    let mut request = Request::get(&url);
    if let Some(key) = key {
        request = request.header(AUTHORIZATION, format!("Bearer {key}"));
    }
    let request = request
        .body(bytes::Bytes::new())
        .map_err(|error| Expected::usage(format!("base URL `{base_url}`: {error}")))?;
    let unreachable = |why: String| Expected::unreachable(format!("{url}: {why}; name the model with --model"));

    let answer = tokio::time::timeout(timeout, async {
        let exchange = transport.send(request).await.map_err(|error| unreachable(error.to_string()))?;
        let mut body = Vec::new();
        let mut pieces = exchange.body;
        while let Some(piece) = pieces.try_next().await.map_err(|error| unreachable(error.to_string()))? {
            if MODEL_LIST_LIMIT < body.len() + piece.len() {
                return Err(unreachable(format!("the answer is longer than {MODEL_LIST_LIMIT} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok((exchange.status, body))
    });
    let (status, body) = answer.await.map_err(|_| unreachable(format!("no answer within {timeout:?}")))??;
    let list: Option<Value> = serde_json::from_slice(&body).ok();
    match list.as_ref().and_then(|list| list.pointer("/data/0/id")).and_then(Value::as_str) {
        Some(model) => Ok(model.to_owned()),
        None => Err(unreachable(format!("HTTP {status} without a model")).into()),
    }
}
