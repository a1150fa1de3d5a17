use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::json;

use super::usage_states;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-29",
    level: Level::Should,
    title: "a chat's chunks before the usage chunk have no usage key",
    sends: "chat, stream with include_usage true, max_tokens 3",
    expects: ByProfile::same("no usage key"),
    reference: "recordings of 0.13.0 and 0.32.0; OpenAI's API says null here",
    needs: &[Need::Feature(Feature::Chat), Need::StartedWithout(ServerFlag::EnableForceIncludeUsage)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 3, "stream_options": {"include_usage": true}});
        let stream = s.stream(Endpoint::Chat, over).await?;
        let seen = usage_states(stream.choice_chunks());
        s.equal("the key usage in the chunks", BTreeSet::from(["absent"]), seen);
        Ok(())
    }
    .boxed()
}
