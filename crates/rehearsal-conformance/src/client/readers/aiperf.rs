//! `profile_export_aiperf.json` of `aiperf profile` (0.13).

use serde_json::Value;

use super::{Reported, number, whole};

pub(super) fn read(report: &Value) -> Option<Reported> {
    report.get("aiperf_version")?;
    let average = |metric: &str| number(report, &format!("/{metric}/avg"));
    let failures = average("error_request_count").and_then(whole);
    let successes = average("request_count").and_then(whole);
    Some(Reported {
        successes,
        failures,
        ttft_ms: average("time_to_first_token"),
        e2el_ms: average("request_latency"),
        tpot_ms: None,
        itl_ms: average("inter_token_latency"),
        output_tokens: average("total_output_tokens").and_then(whole),
        warnings: Vec::new(),
    })
}
