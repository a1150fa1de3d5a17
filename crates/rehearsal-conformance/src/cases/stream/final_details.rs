use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    raw::{is_usage_chunk, usage_of},
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-28",
    level: Level::Info,
    title: "which keys the usage chunk has",
    sends: "both endpoints, stream with include_usage true, max_tokens 3",
    expects: ByProfile::each(
        "the counts only",
        "the counts only",
        "the counts, prompt_tokens_details null, completion_tokens_details {reasoning_tokens 0}",
    ),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"max_tokens": 3, "stream_options": {"include_usage": true}});
            let stream = s.stream(endpoint, over).await?;
            s.final_counts(endpoint, &stream)?;
            let chunk = stream.chunks().rfind(|chunk| is_usage_chunk(chunk)).and_then(usage_of);
            s.record(format!("{} usage chunk", endpoint.label()), chunk);
        }
        Ok(())
    }
    .boxed()
}
