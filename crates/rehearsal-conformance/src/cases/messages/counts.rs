use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{streamed, usage_of_delta, whole};
use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "A-01",
    level: Level::Must,
    title: "a streamed message ends with the usage of the same message unstreamed",
    sends: "messages, max_tokens 6, whole and streamed",
    expects: ByProfile::each(
        "input and output above 0; message_start with output 0; message_delta with the same usage",
        "input and output above 0; message_start with output 0; message_delta with the same usage",
        "no such endpoint: unimplemented",
    ),
    reference: "vLLM anthropic/test_messages.py; recordings messages and messages-stream of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = whole(s, json!({})).await?;
        let usage = body.get("usage").cloned().unwrap_or(Value::Null);
        s.satisfies("input_tokens and output_tokens", "integers above 0, output at most 6", usage.clone(), |usage| {
            let count = |key: &str| usage.get(key)?.as_u64();
            // cached input is counted apart
            count("input_tokens").is_some() && count("output_tokens").is_some_and(|output| (1..=6).contains(&output))
        });

        let stream = streamed(s, json!({})).await?;
        let start: Vec<&Value> = stream.of("message_start").collect();
        s.equal("message_start events", 1, start.len());
        let begun = start.first().and_then(|event| event.pointer("/message/usage/output_tokens"));
        s.equal("output_tokens of message_start", Some(&json!(0)), begun);
        let told = usage_of_delta(&stream).cloned();
        if s.started_with(ServerFlag::EnablePromptTokensDetails) {
            // the second of two equal prompts may find the first one's blocks, which moves tokens from one count to another
            let told = told.as_ref().map(all_tokens);
            s.equal("tokens of message_delta", Some(all_tokens(&usage)), told);
        } else {
            s.equal("usage of message_delta", Some(usage), told);
        }
        Ok(())
    }
    .boxed()
}

/// Input, whether cached or not, and output.
fn all_tokens(usage: &Value) -> [u64; 2] {
    let count = |key: &str| usage.get(key).and_then(Value::as_u64).unwrap_or_default();
    let input = ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"].map(count);
    [input.iter().sum(), count("output_tokens")]
}
