use futures_util::FutureExt;
use serde_json::json;

use super::ends::{LETTER, ending, forced, letter};
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-52",
    level: Level::Must,
    title: "a stop string's tokens are counted, its text is cut",
    sends: "completions with token 67 forced and its text three times as stop, max_tokens 8",
    expects: ByProfile::vllm("completion_tokens 3, finish_reason stop, stop_reason the string, empty text"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let stop = letter(s).await?.repeat(3);
        let over = json!({"max_tokens": 8, "ignore_eos": true, "stop": stop});
        let body = s.whole(Endpoint::Completions, forced(LETTER, &over)).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 3, counts.completion_tokens);
        s.equal("finish_reason, stop_reason", (Some(&json!("stop")), json!(stop)), ending(&body));
        s.equal("text", Some(&json!("")), body.pointer("/choices/0/text"));
        Ok(())
    }
    .boxed()
}
