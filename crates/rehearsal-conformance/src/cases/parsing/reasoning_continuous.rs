use futures_util::FutureExt;
use serde_json::json;

use super::{REASONS, reasoning_tokens, thinking};
use crate::{
    call::Endpoint,
    cases::stream::continuous,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    raw::{UsageCounts, usage_of},
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-71",
    level: Level::Must,
    title: "the running count of reasoning never falls, and is never more than the completion",
    sends: "chat that asks for thought, streamed with continuous usage",
    expects: ByProfile::each(
        "not told",
        "reasoning_tokens non-decreasing, at most completion_tokens, and the last one the final one",
        "reasoning_tokens non-decreasing, at most completion_tokens, and the last one the final one",
    ),
    reference: "vLLM test_streaming_reasoning_usage_counts_across_deltas; recordings think-stream of 0.32.0 and 0.32.0-rust",
    needs: REASONS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let stream = s.stream(Endpoint::Chat, continuous(thinking(s))).await?;
        let told: Vec<u64> = stream.chunks().filter_map(reasoning_tokens).collect();
        if told.is_empty() {
            return Err(match s.profile() {
                ServerProfile::Py013 => Stop::Unimplemented("no completion_tokens_details before 0.28".into()),
                ServerProfile::Py032 | ServerProfile::Rs032 | ServerProfile::OpenAiSpec => Stop::Missed {
                    about: "usage of the stream".into(),
                    expected: "completion_tokens_details with reasoning_tokens".into(),
                    seen: "none in any chunk".into(),
                },
            });
        }
        s.satisfies("reasoning_tokens of the chunks", "non-decreasing", told, |told| told.is_sorted());
        let beyond: Vec<_> = stream
            .chunks()
            .filter(|chunk| {
                let completion = usage_of(chunk).and_then(UsageCounts::of).map(|counts| counts.completion_tokens);
                completion < reasoning_tokens(chunk)
            })
            .filter_map(usage_of)
            .collect();
        s.equal("chunks with more reasoning than completion", vec![], beyond);
        let last = stream.choice_chunks().next_back().and_then(reasoning_tokens);
        let closing = stream.chunks().next_back().and_then(reasoning_tokens);
        s.equal("last running count", json!(closing), json!(last));
        Ok(())
    }
    .boxed()
}
