use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-72",
    level: Level::Should,
    title: "without a reasoning parser no reasoning is counted",
    sends: "chat, max_tokens 3, to a server without --reasoning-parser",
    expects: ByProfile::each(
        "no completion_tokens_details",
        "completion_tokens_details null",
        "completion_tokens_details {reasoning_tokens 0}",
    ),
    reference: "vLLM #14472, #24098, #35037; recordings of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: &[Need::Feature(Feature::Chat), Need::StartedWithout(ServerFlag::ReasoningParser)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = s.whole(Endpoint::Chat, json!({"max_tokens": 3})).await?;
        s.counts(Endpoint::Chat, &body)?;
        let seen = body.pointer("/usage/completion_tokens_details").cloned();
        let expected = match s.profile() {
            ServerProfile::Py013 => None,
            ServerProfile::Py032 | ServerProfile::OpenAiSpec => Some(Value::Null),
            ServerProfile::Rs032 => Some(json!({"reasoning_tokens": 0})),
        };
        s.equal("completion_tokens_details", expected, seen);
        Ok(())
    }
    .boxed()
}
