use futures_util::FutureExt;
use serde_json::json;

use super::refused;
use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-07",
    level: Level::Must,
    title: "a parameter out of its range is refused",
    sends: "both endpoints with temperature -1, top_p 0 and 2, n 0, max_tokens 0 and -1",
    expects: ByProfile::each(
        "400 with an error object",
        "400 with an error object",
        "400 with an error object; n 0 on completions is known to be answered",
    )
    .openai("400 with an error object for temperature -1, top_p 2 and n 0"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let known =
            KnownBug { shows: 200, issue: "completions take n 0 as 1 in 0.32.0's Rust frontend (recording n0)" };
        for endpoint in s.endpoints()? {
            for over in [
                json!({"max_tokens": 1, "temperature": -1}),
                json!({"max_tokens": 1, "top_p": 0}),
                json!({"max_tokens": 1, "top_p": 2}),
                json!({"max_tokens": 0}),
                json!({"max_tokens": -1}),
            ] {
                // OpenAI's API allows the other ends, or does not say
                let documented = over.get("temperature").is_some() || over.get("top_p") == Some(&json!(2));
                if !s.profile().is_vllm() && !documented {
                    continue;
                }
                let about = format!("{} {over}", endpoint.label());
                let answer = s.send(endpoint, over).await?;
                refused(s, &about, 400, &answer);
            }
            let answer = s.send(endpoint, json!({"max_tokens": 1, "n": 0})).await?;
            let rust_completions = s.profile() == ServerProfile::Rs032 && endpoint == Endpoint::Completions;
            let known = rust_completions.then_some(known);
            s.equal_or_known(format!("{} n 0: status", endpoint.label()), 400, known, answer.status);
        }
        Ok(())
    }
    .boxed()
}
