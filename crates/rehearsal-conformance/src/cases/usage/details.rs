use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-07",
    level: Level::Should,
    title: "without the details flag usage has this version's empty details",
    sends: "both endpoints, max_tokens 2",
    expects: ByProfile::each(
        "prompt_tokens_details null, nothing else",
        "prompt_tokens_details null, completion_tokens_details null",
        "prompt_tokens_details null, completion_tokens_details {\"reasoning_tokens\":0}",
    ),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[
        Need::StartedWithout(ServerFlag::EnablePromptTokensDetails),
        Need::StartedWithout(ServerFlag::ReasoningParser),
    ],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let expected = match s.profile() {
            ServerProfile::Py013 => json!({"prompt_tokens_details": null}),
            ServerProfile::Py032 | ServerProfile::OpenAiSpec => {
                json!({"prompt_tokens_details": null, "completion_tokens_details": null})
            }
            ServerProfile::Rs032 => {
                json!({"prompt_tokens_details": null, "completion_tokens_details": {"reasoning_tokens": 0}})
            }
        };
        for endpoint in s.endpoints()? {
            let body = s.whole(endpoint, json!({"max_tokens": 2})).await?;
            s.counts(endpoint, &body)?;
            let usage = body.get("usage").and_then(Value::as_object);
            let details = usage.into_iter().flatten().filter(|(key, _)| key.ends_with("_details"));
            let seen: Value =
                details.map(|(key, value)| (key.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into();
            s.equal(format!("{} details", endpoint.label()), expected.clone(), seen);
        }
        Ok(())
    }
    .boxed()
}
