use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    raw::Answer,
    session::{KnownBug, Session, Stop},
    verdict::Level,
};

pub(super) const REFUSED: Check = Check {
    id: "E-20",
    level: Level::Must,
    title: "a prompt longer than the context is refused",
    sends: "completions with max_model_len + 10 ids, max_tokens 1, whole and streamed",
    expects: ByProfile::same("400 with an error object; no token generated"),
    reference: "OpenAI API; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts), Need::MaxModelLen],
    run: |s| {
        async move {
            for stream in [false, true] {
                let answer = too_long(s, stream).await?;
                super::refused(s, if stream { "streamed" } else { "whole" }, 400, &answer);
            }
            Ok(())
        }
        .boxed()
    },
};

pub(super) const NAMES_THE_LIMIT: Check = Check {
    id: "E-21",
    level: Level::Should,
    title: "the refusal of a prompt that is too long names the true context length",
    sends: "completions with max_model_len + 10 ids, max_tokens 1",
    expects: ByProfile::each(
        "max_model_len in the message; known to be max_model_len - max_tokens",
        "max_model_len in the message",
        "max_model_len in the message",
    ),
    reference: "vLLM #33418, #36197; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts), Need::MaxModelLen],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let answer = too_long(s, false).await?;
        let limit = s.context_length()?;
        let body = answer.json().unwrap_or(Value::Null);
        let Some(message) = body.pointer("/error/message").and_then(Value::as_str) else {
            return Err(Stop::Missed {
                about: "error".into(),
                expected: "an object with a message".into(),
                seen: answer.summary(),
            });
        };
        let names = |number: usize| message.split(|c: char| !c.is_ascii_digit()).any(|word| word == number.to_string());
        let seen = [limit, limit - 1].into_iter().find(|number| names(*number));
        let bug = KnownBug { shows: Some(limit - 1), issue: "vLLM #33418" };
        s.equal_or_known("length named", Some(limit), (s.profile() == ServerProfile::Py013).then_some(bug), seen);
        Ok(())
    }
    .boxed()
}

async fn too_long(s: &mut Session<'_>, stream: bool) -> Result<Answer, Stop> {
    let prompt = s.prompt_ids("too long", s.context_length()? + 10);
    s.send(Endpoint::Completions, json!({"prompt": prompt, "max_tokens": 1, "stream": stream})).await
}
