use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::json;

use super::continuous;
use crate::{
    check::{Check, Running},
    profile::ByProfile,
    raw::{UsageCounts, usage_of},
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-30",
    level: Level::Must,
    title: "continuous usage is on every chunk, its prompt constant and its completion never falling",
    sends: "both endpoints, stream with include_usage and continuous_usage_stats, max_tokens 8",
    expects: ByProfile::same(
        "usage on every chunk with choices; one prompt_tokens; completion_tokens per choice never falls; total = prompt + completion",
    ),
    reference: "vLLM #9357, test_completion_stream_options; recordings",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let about = endpoint.label();
            let stream = s.stream(endpoint, continuous(json!({"max_tokens": 8, "ignore_eos": true}))).await?;
            let usages: Vec<Option<UsageCounts>> =
                stream.choice_chunks().map(|chunk| usage_of(chunk).and_then(UsageCounts::of)).collect();
            let without = usages.iter().filter(|usage| usage.is_none()).count();
            s.equal(format!("{about}: chunks without usage"), 0, without);

            let usages: Vec<UsageCounts> = usages.into_iter().flatten().collect();
            let prompts: BTreeSet<u64> = usages.iter().map(|usage| usage.prompt_tokens).collect();
            s.satisfies(format!("{about}: prompt_tokens"), "one value", prompts, |prompts| prompts.len() == 1);
            let completions: Vec<u64> = usages.iter().map(|usage| usage.completion_tokens).collect();
            s.satisfies(format!("{about}: completion_tokens"), "never falls", completions, |counts| counts.is_sorted());
            let sums =
                usages.iter().filter(|usage| usage.prompt_tokens + usage.completion_tokens != usage.total_tokens);
            let wrong: Vec<UsageCounts> = sums.copied().collect();
            s.equal(format!("{about}: chunks whose total is not the sum"), vec![], wrong);
        }
        Ok(())
    }
    .boxed()
}
