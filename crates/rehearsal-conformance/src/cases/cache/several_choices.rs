use futures_util::FutureExt;
use serde_json::json;

use super::{NEEDS, cached, full_hit, long_prompt};
use crate::{
    call::Endpoint,
    cases::choices::{implemented, two},
    check::{Check, Running},
    profile::ByProfile,
    session::{KnownBug, Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-67",
    level: Level::Must,
    title: "several choices of a new prompt are not called cached",
    sends: "completions: 3 blocks + 5 ids that the server has not seen, n = 2",
    expects: ByProfile::each(
        "cached_tokens 0; known to be the last choice's, which finds the first one's blocks",
        "cached_tokens 0; known to be the last choice's, which finds the first one's blocks",
        "n is refused: unimplemented",
    ),
    reference: "recordings details of 0.13.0 and 0.32.0",
    needs: NEEDS,
    run,
};

const ISSUE: &str = "the second choice hits the first one's blocks, and its count is told (recordings details)";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (prompt, block) = long_prompt(s, "choices")?;
        let none = ByProfile::each(None, Some(0), None).of(s.profile());
        let answer = s.send(Endpoint::Completions, two(&json!({"prompt": prompt, "max_tokens": 1}))).await?;
        implemented(s, &answer)?;
        let body = whole(Endpoint::Completions, &answer)?;
        let bug = KnownBug { shows: Some(full_hit(prompt.len(), block)), issue: ISSUE };
        s.equal_or_known("cached_tokens", none, Some(bug), cached(&body));
        Ok(())
    }
    .boxed()
}
