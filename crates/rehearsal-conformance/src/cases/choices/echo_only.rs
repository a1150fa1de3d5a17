use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-47",
    level: Level::Should,
    title: "an echo of no token still counts the hidden one",
    sends: "completions with echo and max_tokens 0",
    expects: ByProfile::vllm("200, completion_tokens 1, text is the prompt"),
    reference: "recordings of 0.13.0 and 0.32.0 (echo-max_tokens-0)",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"prompt": "seven and eight", "max_tokens": 0, "echo": true});
        let body = s.whole(Endpoint::Completions, over).await?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", 1, counts.completion_tokens);
        let text = body.pointer("/choices/0/text").cloned();
        s.equal("text", Some(json!("seven and eight")), text);
        Ok(())
    }
    .boxed()
}
