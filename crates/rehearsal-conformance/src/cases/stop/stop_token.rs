use futures_util::FutureExt;
use serde_json::json;

use super::ends::{LETTER, ending, forced};
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-51",
    level: Level::Must,
    title: "a stop token is counted and named",
    sends: "completions with token 67 forced and in stop_token_ids, max_tokens 4",
    expects: ByProfile::same("completion_tokens 1, finish_reason stop, stop_reason 67, empty text"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 4, "ignore_eos": true, "stop_token_ids": [LETTER]});
        let body = s.whole(Endpoint::Completions, forced(LETTER, &over)).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 1, counts.completion_tokens);
        s.equal("finish_reason, stop_reason", (Some(&json!("stop")), json!(LETTER)), ending(&body));
        s.equal("text", Some(&json!("")), body.pointer("/choices/0/text"));
        Ok(())
    }
    .boxed()
}
