use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-11",
    level: Level::Should,
    title: "usage counts the prompt after truncation",
    sends: "both endpoints with truncate_prompt_tokens 2",
    expects: ByProfile::same("prompt_tokens = 2"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let body = s.whole(endpoint, json!({"max_tokens": 1, "truncate_prompt_tokens": 2})).await?;
            let counts = s.counts(endpoint, &body)?;
            s.equal(format!("{} prompt_tokens", endpoint.label()), 2, counts.prompt_tokens);
        }
        Ok(())
    }
    .boxed()
}
