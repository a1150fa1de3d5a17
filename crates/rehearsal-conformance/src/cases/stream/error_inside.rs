use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::{Event, is_usage_chunk},
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-39",
    level: Level::Must,
    title: "a stream that fails ends with an error event and no usage",
    sends: "chat, stream with include_usage, echo and continue_final_message, on which vLLM's Python frontend fails after the headers",
    expects: ByProfile::same("an error event, then [DONE]; no usage chunk"),
    reference: "recordings of 0.13.0 and 0.32.0 (echo-continue-stream)",
    needs: &[Need::Feature(Feature::Chat)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let messages = json!([
            {"role": "user", "content": s.prompt_text()},
            {"role": "assistant", "content": "One"},
        ]);
        let over = json!({
            "messages": messages,
            "max_tokens": 4,
            "echo": true,
            "add_generation_prompt": false,
            "continue_final_message": true,
            "stream_options": {"include_usage": true},
        });
        let stream = s.stream(Endpoint::Chat, over).await?;
        let is_error = |event: &Event| matches!(event, Event::Json(chunk) if chunk.get("error").is_some());
        let Some(at) = stream.events.iter().position(is_error) else {
            return Err(Stop::Inconclusive("the stream did not fail, which is this server's right".into()));
        };
        let after: Vec<&str> = stream.events[at + 1..]
            .iter()
            .map(|event| if *event == Event::Done { "[DONE]" } else { "other" })
            .collect();
        s.equal("events after the error", vec!["[DONE]"], after);
        let usage_chunks = stream.chunks().filter(|chunk| is_usage_chunk(chunk)).count();
        s.equal("usage chunks", 0, usage_chunks);
        Ok(())
    }
    .boxed()
}
