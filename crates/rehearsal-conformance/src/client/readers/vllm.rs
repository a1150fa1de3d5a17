//! The result file of `vllm bench serve --save-result` (0.13.0 and 0.32.0: `vllm/benchmarks/serve.py`).

use serde_json::Value;

use super::{Reported, count, number};

pub(super) fn read(report: &Value) -> Option<Reported> {
    let is_vllm = report.get("completed").is_some() && report.get("total_output_tokens").is_some();
    is_vllm.then(|| Reported {
        successes: count(report, "/completed"),
        failures: count(report, "/failed"),
        ttft_ms: number(report, "/mean_ttft_ms"),
        // written only with `--percentile-metrics ttft,tpot,itl,e2el`
        e2el_ms: number(report, "/mean_e2el_ms"),
        tpot_ms: number(report, "/mean_tpot_ms"),
        itl_ms: number(report, "/mean_itl_ms"),
        output_tokens: count(report, "/total_output_tokens"),
        warnings: Vec::new(),
    })
}
