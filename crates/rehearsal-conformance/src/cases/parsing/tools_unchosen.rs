use futures_util::FutureExt;
use serde_json::json;

use super::with_tool;
use crate::{
    call::{ABSENT, Endpoint, overlaid},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-76",
    level: Level::Info,
    title: "whether tools that may not be called are in the prompt",
    sends: "chat with one tool and tool_choice none, and without tools",
    expects: ByProfile::each("more prompt tokens with the tool", "more prompt tokens with the tool", "as many"),
    reference: "recordings tools-none of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: &[Need::Feature(Feature::Chat)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for (about, over) in [
            ("with the tool", json!({"tool_choice": "none", "max_tokens": 1})),
            ("without", json!({"tools": ABSENT, "max_tokens": 1})),
        ] {
            let body = s.whole(Endpoint::Chat, overlaid(with_tool(s), &over)).await?;
            let counts = s.counts(Endpoint::Chat, &body)?;
            s.record(format!("prompt_tokens {about}"), counts.prompt_tokens);
        }
        Ok(())
    }
    .boxed()
}
