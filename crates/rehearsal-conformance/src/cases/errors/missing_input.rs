use futures_util::FutureExt;
use serde_json::json;

use super::refused;
use crate::{
    call::ABSENT,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-03",
    level: Level::Must,
    title: "a request without messages or prompt is refused",
    sends: "chat without messages, completions without prompt",
    expects: ByProfile::same("400 with an error object"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let over = json!({"messages": ABSENT, "prompt": ABSENT, "max_tokens": 1});
            let answer = s.send(endpoint, over).await?;
            refused(s, endpoint.label(), 400, &answer);
        }
        Ok(())
    }
    .boxed()
}
