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
    id: "U-24",
    level: Level::Should,
    title: "a completion's chunks without usage have this version's null or no key",
    sends: "completions, stream without stream_options, max_tokens 3",
    expects: ByProfile::each("usage null on each chunk", "no usage key", "no usage key"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts), Need::StartedWithout(ServerFlag::EnableForceIncludeUsage)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = ByProfile::each("null", "absent", "absent").of(s.profile());
        let stream = s.stream(Endpoint::Completions, json!({"max_tokens": 3})).await?;
        let seen = usage_states(stream.choice_chunks());
        s.equal("the key usage in the chunks", BTreeSet::from([expected]), seen);
        Ok(())
    }
    .boxed()
}
