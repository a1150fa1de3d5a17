use futures_util::FutureExt;
use serde_json::json;

use super::ends::{End, ending, find, forced};
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-55",
    level: Level::Should,
    title: "a second end-of-sequence token is named as the stop reason",
    sends: "completions with logit_bias for an end-of-sequence token of the generation config, max_tokens 4",
    expects: ByProfile::vllm("completion_tokens 1, finish_reason stop, stop_reason its id"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let second = find(s, &End::Second).await?;
        let body = s.whole(Endpoint::Completions, forced(second, &json!({"max_tokens": 4}))).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 1, counts.completion_tokens);
        s.equal("finish_reason, stop_reason", (Some(&json!("stop")), json!(second)), ending(&body));
        Ok(())
    }
    .boxed()
}
