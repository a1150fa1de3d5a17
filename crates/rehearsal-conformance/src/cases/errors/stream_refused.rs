use futures_util::FutureExt;
use serde_json::json;

use super::refused;
use crate::{
    call::overlaid,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-09",
    level: Level::Must,
    title: "a refused stream is a plain error, no stream",
    sends: "both endpoints with stream true and max_tokens 0; with temperature -1 to a server held to OpenAI's API",
    expects: ByProfile::same("400 with an error object, content type application/json"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let fault =
            if s.profile().is_vllm() { json!({"max_tokens": 0}) } else { json!({"temperature": -1, "max_tokens": 1}) };
        for endpoint in s.endpoints()? {
            let answer = s.send(endpoint, overlaid(json!({"stream": true}), &fault)).await?;
            refused(s, endpoint.label(), 400, &answer);
            let seen = answer.media_type();
            s.equal(format!("{} content type", endpoint.label()), Some("application/json".to_owned()), seen);
        }
        Ok(())
    }
    .boxed()
}
