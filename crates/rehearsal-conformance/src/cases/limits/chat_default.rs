use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{Call, Endpoint},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::{Session, Stop},
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "L-01",
    level: Level::Should,
    title: "a chat without max_tokens may fill the context",
    sends: "chat with a prompt that nearly fills the context, ignore_eos, no max_tokens",
    expects: ByProfile::vllm("completion_tokens = max_model_len - prompt_tokens, finish_reason length"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[
        Need::Feature(Feature::Chat),
        Need::Feature(Feature::Tokenize),
        Need::MaxModelLen,
        Need::StartedWithout(ServerFlag::GenerationConfig),
        Need::StartedWithout(ServerFlag::OverrideGenerationConfig),
    ],
    run,
};

/// How many tokens of the context the prompt should leave.
const LEFT: u64 = 24;

/// How often the text is adjusted to come near.
const ATTEMPTS: usize = 6;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let limit = s.context_length()? as u64;
        let messages = nearly_full(s, limit).await?;
        let body = s.whole(Endpoint::Chat, json!({"messages": messages, "ignore_eos": true})).await?;
        let counts = s.counts(Endpoint::Chat, &body)?;
        s.equal("completion_tokens", limit - counts.prompt_tokens.min(limit), counts.completion_tokens);
        s.equal("finish_reason", Some(&json!("length")), body.pointer("/choices/0/finish_reason"));
        Ok(())
    }
    .boxed()
}

/// Messages that leave between one and four times [`LEFT`] tokens, sized with `/tokenize`.
async fn nearly_full(s: &mut Session<'_>, limit: u64) -> Result<Value, Stop> {
    let salt = s.prompt_text();
    let mut words = limit / 2;
    for _ in 0..ATTEMPTS {
        let filling = " seven".repeat(usize::try_from(words).unwrap_or(usize::MAX));
        let messages = json!([{"role": "user", "content": format!("{salt}{filling}")}]);
        let answer = s.ask(Call::post("/tokenize", json!({"model": s.facts().model, "messages": messages}))).await?;
        let count = answer.json().ok().and_then(|body| body.get("count")?.as_u64());
        let Some(count) = count.filter(|count| 0 < *count) else { break };
        let left = limit.saturating_sub(count);
        if (1..=4 * LEFT).contains(&left) {
            return Ok(messages);
        }
        // what the words cost so far is what they will cost
        words = words.saturating_mul(limit.saturating_sub(LEFT)) / count;
    }
    Err(Stop::Inconclusive("no prompt was found that nearly fills the context".into()))
}
