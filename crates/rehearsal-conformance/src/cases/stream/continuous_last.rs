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
    id: "U-31",
    level: Level::Must,
    title: "the last continuous usage is the final usage",
    sends: "both endpoints, stream with include_usage and continuous_usage_stats, max_tokens 8",
    expects: ByProfile::same("equal counts"),
    reference: "vLLM #9357",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let stream = s.stream(endpoint, continuous(json!({"max_tokens": 8}))).await?;
            let last = stream.choice_chunks().next_back().and_then(usage_of).and_then(UsageCounts::of);
            let closing = s.final_counts(endpoint, &stream)?;
            s.equal(format!("{}: last continuous usage", endpoint.label()), Some(closing), last);
        }
        Ok(())
    }
    .boxed()
}
