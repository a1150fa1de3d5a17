use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-10",
    level: Level::Must,
    title: "there is one logprob entry for each completion token",
    sends: "both endpoints with logprobs, ignore_eos, max_tokens 5",
    expects: ByProfile::same("entries = completion_tokens"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let (logprobs, entries) = match endpoint {
                Endpoint::Chat => (json!(true), "/choices/0/logprobs/content"),
                Endpoint::Completions => (json!(1), "/choices/0/logprobs/tokens"),
            };
            let over = json!({"max_tokens": 5, "ignore_eos": true, "logprobs": logprobs});
            let body = s.whole(endpoint, over).await?;
            let counts = s.counts(endpoint, &body)?;
            let entries = body.pointer(entries).and_then(Value::as_array).map(|entries| entries.len() as u64);
            s.equal(format!("{} logprob entries", endpoint.label()), Some(counts.completion_tokens), entries);
        }
        Ok(())
    }
    .boxed()
}
