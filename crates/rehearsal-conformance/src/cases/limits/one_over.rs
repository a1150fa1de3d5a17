use futures_util::FutureExt;
use serde_json::json;

use super::leaving_four;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::{Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-04",
    level: Level::Should,
    title: "a request one token over the context is refused or cut as this version does",
    sends: "completions with max_model_len - 4 ids, ignore_eos, max_tokens 5",
    expects: ByProfile::each(
        "400",
        "200 with 4 tokens, finish_reason length",
        "200 with 4 tokens, finish_reason length",
    ),
    reference: "vLLM #36197, #42474; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts), Need::MaxModelLen],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let prompt = leaving_four(s)?;
        let over = json!({"prompt": prompt, "max_tokens": 5, "ignore_eos": true});
        let answer = s.send(Endpoint::Completions, over).await?;
        let status = ByProfile::each(400, 200, 200).of(s.profile());
        s.equal("status", status, answer.status);
        if answer.status == 200 {
            let body = whole(Endpoint::Completions, &answer)?;
            let counts = s.counts(Endpoint::Completions, &body)?;
            s.equal("completion_tokens", 4, counts.completion_tokens);
            s.equal("finish_reason", Some(&json!("length")), body.pointer("/choices/0/finish_reason"));
        }
        Ok(())
    }
    .boxed()
}
