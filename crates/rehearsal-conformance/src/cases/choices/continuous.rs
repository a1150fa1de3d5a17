use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{implemented, two};
use crate::{
    cases::stream::continuous,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::{UsageCounts, choices, usage_of},
    session::{Session, stream},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-42",
    level: Level::Must,
    title: "with several choices a chunk counts its own choice, and the final usage all",
    sends: "both endpoints, n = 2, stream with continuous usage and return_token_ids, max_tokens 5",
    expects: ByProfile::same(
        "a chunk's completion_tokens is its choice's ids so far; the final one is the sum of the last ones",
    ),
    reference: "vLLM #9357; recordings",
    needs: &[Need::Feature(Feature::ReturnTokenIds)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"stream": true, "max_tokens": 5, "return_token_ids": true});
            let answer = s.send(endpoint, two(&continuous(over))).await?;
            implemented(s, &answer)?;
            let stream = stream(endpoint, &answer)?;

            let mut ids: BTreeMap<Option<u64>, u64> = BTreeMap::new();
            let mut wrong = Vec::new();
            for chunk in stream.choice_chunks() {
                for choice in choices(chunk) {
                    let index = choice.get("index").and_then(Value::as_u64);
                    let listed = choice.get("token_ids").and_then(Value::as_array).map_or(0, Vec::len) as u64;
                    let so_far = ids.entry(index).or_default();
                    *so_far += listed;
                    let counted = usage_of(chunk).and_then(UsageCounts::of).map(|usage| usage.completion_tokens);
                    if index.is_none() || counted != Some(*so_far) {
                        wrong.push(json!({"choice": index, "ids": *so_far, "completion_tokens": counted}));
                    }
                }
            }
            let about = endpoint.label();
            s.equal(format!("{about}: chunks whose completion_tokens is not their choice's ids"), vec![], wrong);
            let closing = s.final_counts(endpoint, &stream)?;
            s.equal(format!("{about}: final completion_tokens"), ids.values().sum(), closing.completion_tokens);
        }
        Ok(())
    }
    .boxed()
}
