use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-07",
    level: Level::Info,
    title: "how many tokens a chunk holds",
    sends: "both endpoints, stream, max_tokens 48, ignore_eos, return_token_ids",
    expects: ByProfile::same("recorded: chunks by their number of tokens; one chunk is not one token"),
    reference: "vLLM v1/engine/output_processor.py, RequestOutputCollector; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::ReturnTokenIds)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"max_tokens": 48, "ignore_eos": true, "return_token_ids": true});
            let stream = s.stream(endpoint, over).await?;
            let mut chunks: BTreeMap<usize, usize> = BTreeMap::new();
            for chunk in stream.choice_chunks() {
                let ids = chunk.pointer("/choices/0/token_ids").and_then(Value::as_array).map_or(0, Vec::len);
                *chunks.entry(ids).or_default() += 1;
            }
            s.record(format!("{}: chunks by tokens", endpoint.label()), chunks);
        }
        Ok(())
    }
    .boxed()
}
