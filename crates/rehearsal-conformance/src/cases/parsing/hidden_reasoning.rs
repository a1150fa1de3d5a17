use futures_util::FutureExt;
use serde_json::json;

use super::{REASONS, message, reasoning, streamed_reasoning, thinking, thought};
use crate::{
    call::{Endpoint, overlaid},
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-73",
    level: Level::Must,
    title: "reasoning that is not included is counted and not shown",
    sends: "chat that asks for thought, whole and streamed, with and without include_reasoning false",
    expects: ByProfile::each(
        "the same counts; no reasoning; streams are known to show it",
        "the same counts; no reasoning",
        "the same counts; no reasoning",
    ),
    reference: "vLLM test_include_reasoning.py, #28266; recordings think-exclude and think-exclude-stream",
    needs: REASONS,
    run,
};

const ISSUE: &str = "0.13.0 hides reasoning in whole answers only (recording think-exclude-stream)";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let hidden = overlaid(thinking(s), &json!({"include_reasoning": false}));
        let shown = s.whole(Endpoint::Chat, thinking(s)).await?;
        thought(reasoning(message(&shown)))?;
        let counts = s.counts(Endpoint::Chat, &shown)?;

        let body = s.whole(Endpoint::Chat, hidden.clone()).await?;
        let seen = s.counts(Endpoint::Chat, &body)?;
        s.equal("counts", counts, seen);
        s.equal("reasoning", "", reasoning(message(&body)));

        let over = overlaid(hidden, &json!({"stream_options": {"include_usage": true}}));
        let stream = s.stream(Endpoint::Chat, over).await?;
        let seen = s.final_counts(Endpoint::Chat, &stream)?;
        s.equal("counts of the stream", counts, seen);
        let leaked = if streamed_reasoning(&stream).is_empty() { "no reasoning" } else { "reasoning" };
        let bug = KnownBug { shows: "reasoning", issue: ISSUE };
        s.equal_or_known("in the stream", "no reasoning", (s.profile() == ServerProfile::Py013).then_some(bug), leaked);
        Ok(())
    }
    .boxed()
}
