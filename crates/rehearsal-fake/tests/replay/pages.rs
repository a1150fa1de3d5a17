//! Whole pages of which two servers have the shape in common: metrics, the server's own description, its configuration.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Paths of the recorded descriptions that the fake does not serve: weights that are updated in place, and routes of other kinds of model.
const NOT_SERVED: [&str; 18] = [
    "/finish_weight_update",
    "/generative_scoring",
    "/init_weight_transfer_engine",
    "/kv_event_sources",
    "/release_kv_cache_memory",
    "/shutdown_weight_transfer_engine",
    "/start_draft_weight_update",
    "/start_weight_update",
    "/update_weight_version",
    "/update_weights",
    "/v1/chat/completions/batch",
    "/v1/systemone",
    "/weight_checker",
    "/weight_info",
    // what is between servers is described only where it is enabled, and there the fake renders but does not take back
    "/inference/v1/abort_requests",
    "/v1/chat/completions/derender",
    "/v1/completions/derender",
    "/v1/messages/render",
];

/// What of such a page can be compared; `None` for other answers.
pub(crate) fn comparable(case: &str, body: &str) -> Option<String> {
    match case {
        _ if body.starts_with("# HELP") => Some(families(body)),
        "routes/openapi" => description(body),
        "routes/server_info" => keys(body),
        _ => None,
    }
}

/// Each family of a page of metrics: its type, the names of its labels, the bounds of its buckets. Values are compared by how they move
/// (`metrics.rs`); families of the Python process are no part of vLLM.
fn families(page: &str) -> String {
    let mut all: BTreeMap<&str, (&str, BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    let ours = |name: &str| name.starts_with("vllm:") || name.starts_with("http_");
    for line in page.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            if ours(name) {
                all.insert(name, (kind, BTreeSet::new(), BTreeSet::new()));
            }
        } else if let Some((sample, labels)) = line.split_once('{').filter(|(name, _)| ours(name)) {
            let family = ["_bucket", "_count", "_sum", "_total"].iter().find_map(|end| {
                let name = sample.strip_suffix(end)?;
                all.contains_key(name).then_some(name)
            });
            let Some(family) = all.get_mut(family.unwrap_or(sample)) else { continue };
            for label in labels.split("\",").filter_map(|label| label.split_once("=\"")) {
                family.1.insert(label.0);
                if label.0 == "le" {
                    family.2.insert(label.1.split('"').next().unwrap_or_default());
                }
            }
        }
    }
    format!("{all:?}")
}

/// The paths of a description and their methods.
fn description(body: &str) -> Option<String> {
    let document: Value = serde_json::from_str(body).ok()?;
    let paths = document["paths"].as_object()?.iter().filter(|(path, _)| !NOT_SERVED.contains(&path.as_str()));
    let methods = |methods: &Value| methods.as_object().map(|methods| methods.keys().cloned().collect::<BTreeSet<_>>());
    let paths: BTreeMap<&str, _> = paths.map(|(path, operations)| (path.as_str(), methods(operations))).collect();
    Some(json!({"openapi": document["openapi"], "info": document["info"], "paths": paths}).to_string())
}

/// The keys of an object.
fn keys(body: &str) -> Option<String> {
    let object: Value = serde_json::from_str(body).ok()?;
    Some(format!("{:?}", object.as_object()?.keys().collect::<Vec<_>>()))
}
