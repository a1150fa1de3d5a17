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
    id: "U-09",
    level: Level::Should,
    title: "usage counts the ids that the server itself lists",
    sends: "both endpoints with return_token_ids, max_tokens 5",
    expects: ByProfile::same("completion_tokens = length of token_ids, prompt_tokens = length of prompt_token_ids"),
    reference: "recordings of 0.13.0 and 0.32.0; vLLM's return_token_ids tests",
    needs: &[Need::Feature(Feature::ReturnTokenIds)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let body = s.whole(endpoint, json!({"max_tokens": 5, "return_token_ids": true})).await?;
            let counts = s.counts(endpoint, &body)?;
            let of_prompt = match endpoint {
                Endpoint::Chat => "/prompt_token_ids",
                Endpoint::Completions => "/choices/0/prompt_token_ids",
            };
            let length = |pointer| body.pointer(pointer).and_then(Value::as_array).map(|ids| ids.len() as u64);
            let (prompt, completion) = (length(of_prompt), length("/choices/0/token_ids"));
            let about = endpoint.label();
            s.equal(format!("{about} completion_tokens"), completion, Some(counts.completion_tokens));
            s.equal(format!("{about} prompt_tokens"), prompt, Some(counts.prompt_tokens));
        }
        Ok(())
    }
    .boxed()
}
