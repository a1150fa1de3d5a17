//! `endpoint-load-metrics`: how busy the server is, for load balancers that speak ORCA (`entrypoints/openai/orca_metrics.py`).

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{
    context::Context,
    python::{dumps, float_repr},
};
use crate::version::LoadReport;

const ASKED: &str = "endpoint-load-metrics-format";
const TOLD: HeaderName = HeaderName::from_static("endpoint-load-metrics");

/// The header for a whole answer to a request with these headers; `None` unless it asks for `json` or `text`.
pub(super) fn load_report(context: &Context, asked: &HeaderMap) -> Option<(HeaderName, HeaderValue)> {
    if context.features().load_report == LoadReport::Absent {
        return None;
    }
    let format = asked.get(ASKED)?.to_str().ok()?.to_ascii_lowercase();
    let load = context.app.metrics.load();
    let values = [("num_requests_waiting", load.waiting as f64), ("kv_cache_usage_perc", load.kv_cache_usage)];
    let text = match format.as_str() {
        "json" => {
            let metrics: Map<String, Value> =
                values.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            format!("JSON {}", dumps(&json!({ "named_metrics": metrics })))
        }
        "text" => {
            let metrics = values.map(|(name, value)| format!("named_metrics.{name}={}", float_repr(value)));
            format!("TEXT {}", metrics.join(", "))
        }
        _ => return None,
    };
    Some((TOLD, HeaderValue::from_str(&text).ok()?))
}
