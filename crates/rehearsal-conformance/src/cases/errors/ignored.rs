use futures_util::FutureExt;
use serde_json::json;

use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-33",
    level: Level::Info,
    title: "removed and unknown parameters are ignored in silence, or not",
    sends: "both endpoints with guided_choice, best_of, and a member that no version knows",
    expects: ByProfile::same("recorded"),
    reference: "vLLM #53975; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            for (name, value) in
                [("guided_choice", json!(["yes", "no"])), ("best_of", json!(1)), ("rehearsal_unknown", json!(1))]
            {
                let answer = s.send(endpoint, json!({"max_tokens": 1, name: value})).await?;
                s.record(format!("{} {name}: status", endpoint.label()), answer.status);
            }
        }
        Ok(())
    }
    .boxed()
}
