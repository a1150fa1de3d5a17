//! The full report of `rehearsal bench`.

use serde_json::Value;

use super::{Reported, count, number};

/// The warning that a figure of the server is not to be trusted; others are about the load.
const DISTRUST: &str = "cross_check";

pub(super) fn read(report: &Value) -> Option<Reported> {
    let is_ours = report.get("generator")?.as_str()?.starts_with("rehearsal") && report.get("counts").is_some();
    let length = |name: &str| number(report, &format!("/latency/{name}/mean")).map(|seconds| seconds * 1000.0);
    let warnings = report.get("warnings").and_then(Value::as_array);
    let distrusted =
        warnings.into_iter().flatten().filter(|warning| warning.get("kind").and_then(Value::as_str) == Some(DISTRUST));
    is_ours.then(|| Reported {
        successes: count(report, "/counts/ok"),
        failures: count(report, "/counts/errors"),
        ttft_ms: length("ttft_s"),
        e2el_ms: length("e2el_s"),
        tpot_ms: length("tpot_s"),
        // the pooled gaps are between chunks and say so
        itl_ms: length("itl_token_weighted_s"),
        output_tokens: count(report, "/tokens/completion"),
        warnings: distrusted.filter_map(|warning| Some(warning.get("message")?.as_str()?.to_owned())).collect(),
    })
}
