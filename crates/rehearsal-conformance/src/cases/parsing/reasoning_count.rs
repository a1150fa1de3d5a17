use std::ops::Range;

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{REASONS, message, reasoning, reasoning_tokens, thinking, thought};
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
    sends: "chat that asks for thought and logprobs, max_tokens 4, so that the answer ends inside it; 12 where 4 do not get behind the first tag",
    expects: ByProfile::each(
        "no count of reasoning",
        "as many reasoning_tokens as logprobs lie in the reasoning; known to be 0 for parsers whose first tag is in the prompt",
        "as many reasoning_tokens as logprobs begin in the reasoning",
    ),
    reference: "vLLM #45802, #50895, #44398; recordings think-truncated of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: REASONS,
    run,
};

/// Tokens that end inside of reasoning. A tag is one token to a model that was trained on it, and several to others.
const LIMITS: [u32; 2] = [4, 12];

/// `count_reasoning_tokens` of `BaseThinkingReasoningParser` counts what follows a first tag, which such prompts already hold.
const ISSUE: &str = "vLLM #44398: 0 where the first tag is in the prompt, as with deepseek_r1";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let mut body = Value::Null;
        for limit in LIMITS {
            let over = json!({"max_tokens": limit, "logprobs": true});
            body = s.whole(Endpoint::Chat, overlaid(thinking(s), &over)).await?;
            if s.profile() == ServerProfile::Py013 {
                s.equal("reasoning_tokens", None, reasoning_tokens(&body));
                return Ok(());
            }
            // a parser may take the beginning of the tag for reasoning
            if reasoning(message(&body)).starts_with(|first| first != '<') {
                break;
            }
        }
        let told = reasoning_tokens(&body);
        let message = message(&body);
        thought(reasoning(message))?;
        if message.get("content").and_then(Value::as_str).is_some_and(|content| !content.is_empty()) {
            return Err(Stop::Inconclusive("the answer is not all reasoning".into()));
        }
        s.counts(Endpoint::Chat, &body)?;
        let spans = token_spans(&body);
        let Some(within) = spans.as_ref().and_then(|(text, _)| text.find(reasoning(message))) else {
            return Err(Stop::Inconclusive("the logprobs do not hold the text of the reasoning".into()));
        };
        let within = within..within + reasoning(message).len();
        let lies = |token: &&Range<usize>| match s.profile() {
            // the token with the line feed behind the tag, which is cut off, is not counted (recording think-truncated)
            ServerProfile::Rs032 => within.contains(&token.start),
            _ => token.start < within.end && within.start < token.end,
        };
        let counted = spans.iter().flat_map(|(_, tokens)| tokens).filter(lies).count() as u64;
        let bug = KnownBug { shows: Some(0), issue: ISSUE };
        let bug = (s.profile() == ServerProfile::Py032 && told == Some(0)).then_some(bug);
        s.equal_or_known("reasoning_tokens", Some(counted), bug, told);
        Ok(())
    }
    .boxed()
}

/// The text of all tokens as the logprobs have it, and where in it each token lies.
fn token_spans(body: &Value) -> Option<(String, Vec<Range<usize>>)> {
    let mut text = String::new();
    let mut spans = Vec::new();
    for entry in body.pointer("/choices/0/logprobs/content")?.as_array()? {
        let begin = text.len();
        text.push_str(entry.get("token")?.as_str()?);
        spans.push(begin..text.len());
    }
    Some((text, spans))
}
