use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    raw::{Event, RawStream, is_usage_chunk, usage_of},
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-20",
    level: Level::Must,
    title: "the usage of a stream comes once, in a chunk of its own, right before [DONE]",
    sends: "both endpoints, stream with include_usage true, max_tokens 5",
    expects: ByProfile::same("one chunk with empty choices and usage, after every finish_reason, followed by [DONE]"),
    reference: "OpenAI API; vLLM #6371, #7262, #6705; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let about = endpoint.label();
            let over = json!({"max_tokens": 5, "stream_options": {"include_usage": true}});
            let stream = s.stream(endpoint, over).await?;

            let usage_chunks = stream.chunks().filter(|chunk| is_usage_chunk(chunk)).count();
            s.equal(format!("{about}: chunks with empty choices and usage"), 1, usage_chunks);
            // with the force flag later versions put usage on every chunk as well, which U-35 looks at
            if !s.started_with(ServerFlag::EnableForceIncludeUsage) {
                let with_usage = stream.chunks().filter(|chunk| usage_of(chunk).is_some()).count();
                s.equal(format!("{about}: chunks with usage"), 1, with_usage);
            }

            s.equal(format!("{about}: last events"), vec!["usage", "[DONE]"], last_two(&stream));

            let unfinished: Vec<u64> =
                stream.indices().into_iter().filter(|index| stream.finish_reasons(*index).is_empty()).collect();
            s.equal(format!("{about}: choices without finish_reason before usage"), vec![], unfinished);
            s.final_counts(endpoint, &stream)?;
        }
        Ok(())
    }
    .boxed()
}

fn last_two(stream: &RawStream) -> Vec<&'static str> {
    let events: Vec<&Event> = stream.events.iter().filter(|event| !matches!(event, Event::Comment(_))).collect();
    let kinds = events.iter().map(|event| match event {
        Event::Json(chunk) if is_usage_chunk(chunk) => "usage",
        Event::Json(_) => "chunk",
        Event::Done => "[DONE]",
        Event::Comment(_) | Event::Garbage(_) => "other",
    });
    kinds.skip(events.len().saturating_sub(2)).collect()
}
