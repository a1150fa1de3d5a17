use futures_util::FutureExt;
use serde_json::{Value, json};

use super::ends::{End, ending, find, forced};
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-50",
    level: Level::Must,
    title: "a forced end of sequence is one counted token without text",
    sends: "completions with logit_bias for the end-of-sequence token, max_tokens 4",
    expects: ByProfile::vllm("completion_tokens 1, finish_reason stop, stop_reason null, empty text"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let eos = find(s, &End::First).await?;
        let body = s.whole(Endpoint::Completions, forced(eos, &json!({"max_tokens": 4}))).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 1, counts.completion_tokens);
        s.equal("finish_reason, stop_reason", (Some(&json!("stop")), Value::Null), ending(&body));
        s.equal("text", Some(&json!("")), body.pointer("/choices/0/text"));
        Ok(())
    }
    .boxed()
}
