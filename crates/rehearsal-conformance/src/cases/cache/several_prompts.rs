use futures_util::FutureExt;
use serde_json::json;

use super::{NEEDS, cached, full_hit, long_prompt};
use crate::{
    call::Endpoint,
    cases::choices::implemented,
    check::{Check, Need, Running},
    profile::ByProfile,
    session::{KnownBug, Session, whole},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-66",
    level: Level::Must,
    title: "several prompts tell their cached tokens in sum",
    sends: "completions: a list of a cached prompt and a new one, in both orders",
    expects: ByProfile::each(
        "the cached prompt's count in both orders; known to be the last prompt's",
        "the cached prompt's count in both orders; known to be the last prompt's",
        "lists are refused: unimplemented",
    ),
    reference: "recordings details of 0.13.0 and 0.32.0",
    needs: &[
        NEEDS[0],
        NEEDS[1],
        // the new prompts would push the cached one out
        Need::StartedWithout(ServerFlag::NumGpuBlocksOverride),
    ],
    run,
};

const ISSUE: &str = "the last prompt's count is told for all (recordings details of 0.13.0 and 0.32.0)";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (known, block) = long_prompt(s, "known")?;
        s.whole(Endpoint::Completions, json!({"prompt": known, "max_tokens": 1})).await?;
        let expected = Some(full_hit(known.len(), block));
        // the new prompt's own count, as this version writes a count of zero
        let last = ByProfile::each(None, Some(0), None).of(s.profile());
        for (about, new_is_last) in [("a new prompt after the cached one", true), ("a new prompt before it", false)] {
            let new = s.prompt_ids(about, known.len());
            let prompts = if new_is_last { [&known, &new] } else { [&new, &known] };
            let answer = s.send(Endpoint::Completions, json!({"prompt": prompts, "max_tokens": 1})).await?;
            implemented(s, &answer)?;
            let body = whole(Endpoint::Completions, &answer)?;
            let bug = new_is_last.then_some(KnownBug { shows: last, issue: ISSUE });
            s.equal_or_known(about, expected, bug, cached(&body));
        }
        Ok(())
    }
    .boxed()
}
