use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    raw::RawStream,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-02",
    level: Level::Must,
    title: "all chunks of a stream have one id, one created, one model and the right object",
    sends: "both endpoints, stream with usage, max_tokens 4",
    expects: ByProfile::same(
        "one value each; object chat.completion.chunk or text_completion; the model that was asked for",
    ),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"max_tokens": 4, "stream_options": {"include_usage": true}});
            let stream = s.stream(endpoint, over).await?;
            let about = endpoint.label();
            for key in ["id", "created"] {
                let seen = values(&stream, key);
                s.satisfies(format!("{about} {key}"), "one value on every chunk", seen, |seen| {
                    seen.len() == 1 && !seen.contains("absent")
                });
            }
            let object = match endpoint {
                Endpoint::Chat => "chat.completion.chunk",
                Endpoint::Completions => "text_completion",
            };
            s.equal(format!("{about} object"), BTreeSet::from([json!(object).to_string()]), values(&stream, "object"));
            let model = BTreeSet::from([json!(s.facts().model).to_string()]);
            s.equal(format!("{about} model"), model, values(&stream, "model"));
        }
        Ok(())
    }
    .boxed()
}

/// The different values of a key over all chunks, as JSON; `absent` where a chunk lacks it.
fn values(stream: &RawStream, key: &str) -> BTreeSet<String> {
    stream.chunks().map(|chunk| chunk.get(key).map_or_else(|| "absent".into(), ToString::to_string)).collect()
}
