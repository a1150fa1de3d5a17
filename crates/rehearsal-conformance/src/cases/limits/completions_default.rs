use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-02",
    level: Level::Should,
    title: "a completion without max_tokens has 16 tokens",
    sends: "completions, ignore_eos, no max_tokens",
    expects: ByProfile::same("completion_tokens 16, finish_reason length"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[
        Need::Feature(Feature::TokenIdPrompts),
        Need::StartedWithout(ServerFlag::GenerationConfig),
        Need::StartedWithout(ServerFlag::OverrideGenerationConfig),
    ],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = s.whole(Endpoint::Completions, json!({"ignore_eos": true})).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 16, counts.completion_tokens);
        s.equal("finish_reason", Some(&json!("length")), body.pointer("/choices/0/finish_reason"));
        Ok(())
    }
    .boxed()
}
