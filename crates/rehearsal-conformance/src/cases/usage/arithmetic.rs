use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-02",
    level: Level::Must,
    title: "total is prompt plus completion, and completion stays within what was asked",
    sends: "both endpoints: max_tokens 1, 4 and 9, with and without ignore_eos; n = 2",
    expects: ByProfile::same("total = prompt + completion; prompt at least 1; completion at most max_tokens x n"),
    reference: "OpenAI API; vllm-omni #2313",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            look(s, endpoint, json!({"max_tokens": 1}), 1).await?;
            look(s, endpoint, json!({"max_tokens": 4}), 4).await?;
            look(s, endpoint, json!({"max_tokens": 9, "ignore_eos": true}), 9).await?;
            // the Rust frontend refuses several choices, which U-40 reports
            if s.profile() != ServerProfile::Rs032 {
                look(s, endpoint, json!({"max_tokens": 4, "n": 2, "temperature": 1.0, "seed": 1}), 8).await?;
            }
        }
        Ok(())
    }
    .boxed()
}

async fn look(s: &mut Session<'_>, endpoint: Endpoint, over: Value, most: u64) -> Result<(), Stop> {
    let about = format!("{} {over}", endpoint.label());
    let body = s.whole(endpoint, over).await?;
    let counts = s.counts(endpoint, &body)?;
    let expected = format!("total = prompt + completion, 1 <= prompt, completion <= {most}");
    s.satisfies(about, expected, counts, |counts| {
        counts.prompt_tokens.checked_add(counts.completion_tokens) == Some(counts.total_tokens)
            && 1 <= counts.prompt_tokens
            && counts.completion_tokens <= most
    });
    Ok(())
}
