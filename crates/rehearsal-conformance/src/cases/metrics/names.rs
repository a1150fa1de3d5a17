use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::json;

use super::golden::{Golden, GoldenFamily};
use crate::{
    call::Call,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::{Family, families},
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-05",
    level: Level::Should,
    title: "the metrics are those of this version: names, types, labels and buckets",
    sends: "/metrics, after a chat and a completion",
    expects: ByProfile::each(
        "the families of data/metrics/py-0.13.txt, and those that flags add",
        "the families of data/metrics/py-0.32.txt, and those that flags add",
        "the families of data/metrics/rs-0.32.txt",
    ),
    reference: "recorded /metrics pages of 0.13.0, 0.32.0 and 0.32.0-rust; llm-d-inference-sim writes finish_reason where vLLM has finished_reason",
    needs: &[Need::Feature(Feature::Metrics)],
    run,
};

/// What the names of families begin with that are there or not as the server was started.
const OF_FLAGS: [&str; 13] = [
    "vllm:lora_",
    "vllm:spec_decode_",
    "vllm:tool_call_parser_",
    "vllm:corrupted_requests",
    "vllm:kv_block_",
    "vllm:kv_offload_",
    "vllm:simple_kv_offload_",
    "vllm:time_per_output_token_seconds",
    "vllm:nixl_",
    "vllm:mooncake_",
    "vllm:sleep_mode_",
    "vllm:rl_weight_update_",
    "vllm:websocket_",
];

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            s.whole(endpoint, json!({"max_tokens": 2})).await?;
        }
        let page = s.ask(Call::get("/metrics")).await?;
        let seen = families(&page.text());
        let golden = Golden::of(s.profile());
        let max_model_len = s.facts().max_model_len;

        let missing: Vec<&str> =
            golden.families().map(|family| family.name).filter(|name| !seen.contains_key(*name)).collect();
        s.equal("families that are missing", vec![], missing);
        let known: BTreeSet<&str> = golden.families().map(|family| family.name).collect();
        let new: Vec<&String> = seen
            .keys()
            .filter(|name| name.starts_with("vllm:") && !known.contains(name.as_str()))
            .filter(|name| !OF_FLAGS.iter().any(|begin| name.starts_with(begin)))
            .collect();
        s.equal("families that this version was not recorded to have", vec![], new);
        let different: Vec<String> =
            golden.families().filter_map(|family| difference(&family, seen.get(family.name)?, max_model_len)).collect();
        s.equal("families of another form", vec![], different);
        Ok(())
    }
    .boxed()
}

/// What is otherwise than recorded. A family without a sample shows its type only.
fn difference(golden: &GoldenFamily<'_>, seen: &Family, max_model_len: Option<u64>) -> Option<String> {
    let name = golden.name;
    if golden.kind != seen.kind {
        return Some(format!("{name}: type {}, not {}", seen.kind, golden.kind));
    }
    if !seen.sampled || golden.labels.is_empty() && golden.buckets.is_none() {
        return None;
    }
    let labels: BTreeSet<&str> = seen.labels.keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = golden.labels.keys().copied().collect();
    if labels != expected {
        return Some(format!("{name}: labels {labels:?}, not {expected:?}"));
    }
    for (label, expected) in golden.labels.iter().filter(|(_, values)| !values.is_empty()) {
        let values: BTreeSet<&str> = seen.labels.get(*label)?.iter().map(String::as_str).collect();
        if values != *expected {
            return Some(format!("{name}: {label} {values:?}, not {expected:?}"));
        }
    }
    let buckets = golden.buckets.as_ref()?.bounds(max_model_len)?;
    (buckets != seen.buckets).then(|| format!("{name}: buckets {:?}, not {buckets:?}", seen.buckets))
}
