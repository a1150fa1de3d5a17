use futures_util::FutureExt;
use serde_json::json;

use super::leaving_four;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-03",
    level: Level::Must,
    title: "a request that just fits the context is answered whole",
    sends: "completions with max_model_len - 4 ids, ignore_eos, max_tokens 4",
    expects: ByProfile::same("200, completion_tokens 4, finish_reason length"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts), Need::MaxModelLen],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let prompt = leaving_four(s)?;
        let over = json!({"prompt": prompt, "max_tokens": 4, "ignore_eos": true});
        let body = s.whole(Endpoint::Completions, over).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 4, counts.completion_tokens);
        s.equal("finish_reason", Some(&json!("length")), body.pointer("/choices/0/finish_reason"));
        Ok(())
    }
    .boxed()
}
