use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    raw::UsageCounts,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-01",
    level: Level::Must,
    title: "a whole answer carries usage with three counts",
    sends: "both endpoints, max_tokens 4",
    expects: ByProfile::same("usage is an object of three integers, none negative"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let body = s.whole(endpoint, json!({"max_tokens": 4})).await?;
            let usage = body.get("usage").cloned();
            s.satisfies(format!("{} usage", endpoint.label()), "three integers, none negative", usage, |usage| {
                usage.as_ref().and_then(UsageCounts::of).is_some()
            });
        }
        Ok(())
    }
    .boxed()
}
