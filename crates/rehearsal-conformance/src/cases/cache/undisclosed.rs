use futures_util::FutureExt;
use serde_json::json;

use super::{cached, long_prompt};
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-68",
    level: Level::Must,
    title: "without the flag no cached count is disclosed",
    sends: "completions: the same 3 blocks + 5 ids twice, whole and streamed",
    expects: ByProfile::vllm("no cached_tokens anywhere"),
    reference: "vLLM entrypoints/openai: --enable-prompt-tokens-details",
    needs: &[Need::Feature(Feature::TokenIdPrompts), Need::StartedWithout(ServerFlag::EnablePromptTokensDetails)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (prompt, _) = long_prompt(s, "undisclosed")?;
        let over = json!({"prompt": prompt, "max_tokens": 1});
        s.whole(Endpoint::Completions, over.clone()).await?;
        let body = s.whole(Endpoint::Completions, over.clone()).await?;
        s.equal("cached_tokens", None, cached(&body));
        let over = json!({"prompt": prompt, "max_tokens": 1, "stream_options": {"include_usage": true}});
        let stream = s.stream(Endpoint::Completions, over).await?;
        s.equal("cached_tokens of a stream", None, stream.chunks().find_map(cached));
        Ok(())
    }
    .boxed()
}
