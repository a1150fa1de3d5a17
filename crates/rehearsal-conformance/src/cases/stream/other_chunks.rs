use std::collections::BTreeSet;

use futures_util::FutureExt;
use serde_json::json;

use super::usage_states;
use crate::{
    call::Endpoint,
    check::{Check, Need, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-29",
    level: Level::Should,
    title: "the chunks before the usage chunk have this server's null or no key",
    sends: "chat, and both endpoints of a server held to OpenAI's API: stream with include_usage true, max_tokens 3",
    expects: ByProfile::vllm("no usage key in a chat").openai("usage null on each chunk"),
    reference: "recordings of 0.13.0 and 0.32.0; OpenAI API, `include_usage`",
    needs: &[Need::StartedWithout(ServerFlag::EnableForceIncludeUsage)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = ByProfile::vllm("absent").openai("null").of(s.profile());
        // U-24 looks at vLLM's completions
        let looked_at = |endpoint: &Endpoint| !s.profile().is_vllm() || *endpoint == Endpoint::Chat;
        let endpoints: Vec<Endpoint> = s.endpoints()?.into_iter().filter(looked_at).collect();
        for endpoint in endpoints {
            let over = json!({"max_tokens": 3, "stream_options": {"include_usage": true}});
            let stream = s.stream(endpoint, over).await?;
            let seen = usage_states(stream.choice_chunks());
            s.equal(format!("{}: the key usage in the chunks", endpoint.label()), BTreeSet::from([expected]), seen);
        }
        Ok(())
    }
    .boxed()
}
