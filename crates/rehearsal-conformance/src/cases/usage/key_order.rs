use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-06",
    level: Level::Should,
    title: "the keys of usage stand in vLLM's order",
    sends: "both endpoints, max_tokens 2",
    expects: ByProfile::vllm(
        "prompt_tokens, total_tokens, completion_tokens, then prompt_tokens_details, completion_tokens_details where present",
    ),
    reference: "vLLM 0.13 entrypoints/openai/protocol.py:165; recordings",
    needs: &[],
    run,
};

/// Not OpenAI's order, which has the completion before the total.
const ORDER: [&str; 5] =
    ["prompt_tokens", "total_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"];

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let body = s.whole(endpoint, json!({"max_tokens": 2})).await?;
            s.counts(endpoint, &body)?;
            let usage = body.get("usage").and_then(Value::as_object);
            let seen: Vec<&str> = usage.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            let expected: Vec<&str> = ORDER.into_iter().filter(|key| seen.contains(key)).collect();
            s.equal(format!("{} keys of usage", endpoint.label()), expected, seen);
        }
        Ok(())
    }
    .boxed()
}
