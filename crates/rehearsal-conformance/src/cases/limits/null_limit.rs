use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-07",
    level: Level::Should,
    title: "a completion whose max_tokens is null gets the default",
    sends: "completions with max_tokens null, ignore_eos",
    expects: ByProfile::each("200 with 16 tokens; known to be 500", "200 with 16 tokens", "200 with 16 tokens"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": null, "ignore_eos": true});
        let answer = s.send(Endpoint::Completions, over).await?;
        let tokens =
            answer.json().ok().and_then(|body| body.pointer("/usage/completion_tokens").and_then(Value::as_u64));
        let bug = KnownBug { shows: (500, None), issue: "vLLM #19862: an empty error (recording max_tokens-null)" };
        let bug = (s.profile() == ServerProfile::Py013).then_some(bug);
        s.equal_or_known("status and completion_tokens", (200, Some(16)), bug, (answer.status, tokens));
        Ok(())
    }
    .boxed()
}
