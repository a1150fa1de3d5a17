use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{REASONS, reasoning, reasoning_tokens, thinking, thought};
use crate::{
    call::{Endpoint, overlaid},
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::{KnownBug, Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-70",
    level: Level::Should,
    title: "an answer that is all reasoning counts its tokens as reasoning",
    sends: "chat that asks for thought, max_tokens 4, so that the answer ends inside it",
    expects: ByProfile::each(
        "no count of reasoning",
        "reasoning_tokens within 3 of completion_tokens; known to be 0 for parsers whose first tag is in the prompt",
        "reasoning_tokens within 3 of completion_tokens",
    ),
    reference: "vLLM #45802, #50895, #44398; recordings think-truncated of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: REASONS,
    run,
};

/// Tags are not counted as reasoning, nor is text before the parser is sure of it.
const UNCOUNTED: u64 = 3;

/// `count_reasoning_tokens` of `BaseThinkingReasoningParser` counts what follows a first tag, which such prompts already hold.
const ISSUE: &str = "vLLM #44398: 0 where the first tag is in the prompt, as with deepseek_r1";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let body = s.whole(Endpoint::Chat, overlaid(thinking(s), &json!({"max_tokens": 4}))).await?;
        let told = reasoning_tokens(&body);
        if s.profile() == ServerProfile::Py013 {
            s.equal("reasoning_tokens", None, told);
            return Ok(());
        }
        let message = body.pointer("/choices/0/message").unwrap_or(&Value::Null);
        thought(reasoning(message))?;
        if message.get("content").and_then(Value::as_str).is_some_and(|content| !content.is_empty()) {
            return Err(Stop::Inconclusive("the answer is not all reasoning".into()));
        }
        let all = s.counts(Endpoint::Chat, &body)?.completion_tokens;
        let about = format!("reasoning_tokens, of {all} tokens");
        let near = told.filter(|told| (all.saturating_sub(UNCOUNTED)..=all).contains(told));
        let bug = KnownBug { shows: Some(0), issue: ISSUE };
        let bug = (s.profile() == ServerProfile::Py032 && told == Some(0)).then_some(bug);
        s.equal_or_known(about, near.or(Some(all)), bug, told);
        Ok(())
    }
    .boxed()
}
