use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-04",
    level: Level::Must,
    title: "completion_tokens is max_tokens where nothing else ends the answer",
    sends: "both endpoints, ignore_eos, max_tokens 1, 7 and 17",
    expects: ByProfile::vllm("completion_tokens = max_tokens, finish_reason length"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            for max_tokens in [1, 7, 17] {
                let body = s.whole(endpoint, json!({"max_tokens": max_tokens, "ignore_eos": true})).await?;
                let counts = s.counts(endpoint, &body)?;
                let about = format!("{} max_tokens {max_tokens}", endpoint.label());
                s.equal(format!("{about}: completion_tokens"), max_tokens, counts.completion_tokens);
                let finish = body.pointer("/choices/0/finish_reason").cloned();
                s.equal(format!("{about}: finish_reason"), Some(json!("length")), finish);
            }
        }
        Ok(())
    }
    .boxed()
}
