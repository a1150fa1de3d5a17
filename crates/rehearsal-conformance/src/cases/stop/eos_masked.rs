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
    id: "U-56",
    level: Level::Should,
    title: "min_tokens holds the end of sequence back, and then it is counted",
    sends: "completions with logit_bias for the end-of-sequence token, min_tokens 3, max_tokens 8",
    expects: ByProfile::same("completion_tokens 4, finish_reason stop"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let eos = find(s, &End::First).await?;
        let over = json!({"max_tokens": 8, "min_tokens": 3});
        let body = s.whole(Endpoint::Completions, forced(eos, &over)).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 4, counts.completion_tokens);
        s.equal("finish_reason, stop_reason", (Some(&json!("stop")), Value::Null), ending(&body));
        Ok(())
    }
    .boxed()
}
