use futures_util::FutureExt;
use serde_json::json;

use super::{CALLS, with_tool};
use crate::{
    call::{Endpoint, overlaid},
    check::{Check, Running},
    profile::ByProfile,
    session::{Session, stream, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-75",
    level: Level::Must,
    title: "a streamed tool call counts as the same call unstreamed, in however many chunks it comes",
    sends: "chat with one tool, tool_choice auto and then by name, whole and streamed with usage",
    expects: ByProfile::same("equal counts"),
    reference: "recordings tools-auto, tools-named and their streams of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: CALLS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let by_name = json!({"type": "function", "function": {"name": "get_weather"}});
        for (about, choice) in [("auto", json!("auto")), ("by name", by_name)] {
            let over = overlaid(with_tool(s), &json!({"tool_choice": choice}));
            let answer = s.send(Endpoint::Chat, over.clone()).await?;
            let body = whole(Endpoint::Chat, &answer)?;
            let counts = s.counts(Endpoint::Chat, &body)?;
            let over = overlaid(over, &json!({"stream": true, "stream_options": {"include_usage": true}}));
            let answer = s.send(Endpoint::Chat, over).await?;
            let streamed = stream(Endpoint::Chat, &answer)?;
            let seen = s.final_counts(Endpoint::Chat, &streamed)?;
            s.equal(format!("{about}: counts of the stream"), counts, seen);
        }
        Ok(())
    }
    .boxed()
}
