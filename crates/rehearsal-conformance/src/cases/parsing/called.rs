use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{CALLS, with_tool};
use crate::{
    call::{Endpoint, overlaid},
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-74",
    level: Level::Must,
    title: "a tool call is counted in all its tokens, with the syntax around it",
    sends: "chat with one tool, tool_choice required and then by name, return_token_ids",
    expects: ByProfile::each(
        "completion_tokens the number of ids; one call; finish_reason tool_calls where required; a call that is no JSON is known to be refused with 400",
        "completion_tokens the number of ids; one call; finish_reason tool_calls where required",
        "completion_tokens the number of ids; one call; finish_reason tool_calls where required",
    ),
    reference: "recordings tools-required and tools-named of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: CALLS,
    run,
};

const ISSUE: &str =
    "0.13.0 does not hold required calls to their form and refuses what it cannot read (recording tools-required)";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let by_name = json!({"type": "function", "function": {"name": "get_weather"}});
        for (about, choice) in [("required", json!("required")), ("by name", by_name)] {
            let over = json!({"tool_choice": choice, "return_token_ids": true});
            let answer = s.send(Endpoint::Chat, overlaid(with_tool(s), &over)).await?;
            if about == "required" && s.profile() == ServerProfile::Py013 {
                let bug = KnownBug { shows: 400, issue: ISSUE };
                s.equal_or_known(format!("{about}: status"), 200, (answer.status == 400).then_some(bug), answer.status);
                if answer.status == 400 {
                    continue;
                }
            }
            let body = whole(Endpoint::Chat, &answer)?;
            let of_choice =
                |pointer: &str| body.pointer("/choices/0").and_then(|choice| choice.pointer(pointer)).cloned();
            let ids = of_choice("/token_ids").and_then(|ids| Some(ids.as_array()?.len() as u64));
            let counted = s.counts(Endpoint::Chat, &body)?.completion_tokens;
            s.equal(format!("{about}: completion_tokens"), ids, Some(counted));

            let finish = of_choice("/finish_reason").unwrap_or(Value::Null);
            // a call that max_tokens cuts is no call yet
            if finish == "length" {
                continue;
            }
            s.equal(
                format!("{about}: name of the call"),
                Some(json!("get_weather")),
                of_choice("/message/tool_calls/0/function/name"),
            );
            if about == "required" {
                s.equal(format!("{about}: finish_reason"), json!("tool_calls"), finish);
            }
        }
        Ok(())
    }
    .boxed()
}
