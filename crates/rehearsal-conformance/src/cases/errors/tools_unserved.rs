use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "E-31",
    level: Level::Should,
    title: "tools on a server that was not started for them are refused",
    sends: "chat with one tool and tool_choice auto",
    expects: ByProfile::each("400", "400", "400; known to be 500"),
    reference: "recordings of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: &[Need::Feature(Feature::Chat), Need::StartedWithout(ServerFlag::EnableAutoToolChoice)],
    run,
};

const ISSUE: &str = "0.32.0's Rust frontend answers 500 (recording tools-auto)";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let tool = json!({"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}});
        let over = json!({"max_tokens": 4, "tools": [tool], "tool_choice": "auto"});
        let answer = s.send(Endpoint::Chat, over).await?;
        let bug = KnownBug { shows: 500, issue: ISSUE };
        s.equal_or_known("status", 400, (s.profile() == ServerProfile::Rs032).then_some(bug), answer.status);
        Ok(())
    }
    .boxed()
}
