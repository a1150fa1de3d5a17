use futures_util::FutureExt;
use serde_json::json;

use super::refused;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-22",
    level: Level::Should,
    title: "parameters that do not go together are refused",
    sends: "prompt_logprobs with stream; top_logprobs without logprobs, and 25; a bias of a token that is none; min_tokens over max_tokens",
    expects: ByProfile::vllm("400 with an error object")
        .openai("400 with an error object for top_logprobs without logprobs, and 25"),
    reference: "recordings of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: &[Need::Feature(Feature::Chat)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for over in [
            json!({"max_tokens": 2, "prompt_logprobs": 1, "stream": true}),
            json!({"max_tokens": 2, "top_logprobs": 2}),
            json!({"max_tokens": 2, "logprobs": true, "top_logprobs": 25}),
            json!({"max_tokens": 2, "logit_bias": {"99999999": 1}}),
            json!({"max_tokens": 2, "min_tokens": 3}),
        ] {
            if !s.profile().is_vllm() && over.get("top_logprobs").is_none() {
                continue;
            }
            let about = over.to_string();
            let answer = s.send(Endpoint::Chat, over).await?;
            refused(s, &about, 400, &answer);
        }
        Ok(())
    }
    .boxed()
}
