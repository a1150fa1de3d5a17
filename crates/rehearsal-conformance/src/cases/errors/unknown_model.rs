use futures_util::FutureExt;
use serde_json::json;

use super::refused;
use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-01",
    level: Level::Must,
    title: "an unknown model is not found",
    sends: "both endpoints with the model rehearsal-no-such-model",
    expects: ByProfile::same("404 with an error object"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let answer = s.send(endpoint, json!({"model": "rehearsal-no-such-model", "max_tokens": 1})).await?;
            refused(s, endpoint.label(), 404, &answer);
        }
        Ok(())
    }
    .boxed()
}
