use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "F-03",
    level: Level::Must,
    title: "a chat stream begins with the role, and says it once",
    sends: "chat, stream, max_tokens 4",
    expects: ByProfile::same("the first chunk has the role assistant, and no other chunk has one"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Chat)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let stream = s.stream(Endpoint::Chat, json!({"max_tokens": 4, "ignore_eos": true})).await?;
        let roles: Vec<Option<&str>> =
            stream.choices().map(|(_, choice)| choice.pointer("/delta/role").and_then(Value::as_str)).collect();
        s.equal("role of the first chunk", Some(&Some("assistant")), roles.first());
        s.equal("chunks with a role", 1, roles.iter().flatten().count());
        Ok(())
    }
    .boxed()
}
