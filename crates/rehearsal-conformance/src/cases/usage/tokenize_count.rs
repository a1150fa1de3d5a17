use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::{Call, Endpoint},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-08",
    level: Level::Must,
    title: "the prompt of a chat has the tokens that /tokenize counts",
    sends: "POST /tokenize and chat with the same messages: one, and three with a system turn",
    expects: ByProfile::same("usage.prompt_tokens = count"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Chat), Need::Feature(Feature::Tokenize)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let text = s.prompt_text();
        let one = json!([{"role": "user", "content": text}]);
        let three = json!([
            {"role": "system", "content": "Answer briefly."},
            {"role": "user", "content": text},
            {"role": "assistant", "content": "Seven is prime."},
            {"role": "user", "content": "And é, €, 🚀?"},
        ]);
        for messages in [one, three] {
            let turns = messages.as_array().map_or(0, Vec::len);
            let call = Call::post("/tokenize", json!({"model": s.facts().model, "messages": messages}));
            let answer = s.ask(call).await?;
            let counted = answer.json().ok().and_then(|body| body.get("count").cloned());
            let body = s.whole(Endpoint::Chat, json!({"messages": messages, "max_tokens": 1})).await?;
            let counts = s.counts(Endpoint::Chat, &body)?;
            s.equal(format!("prompt_tokens of {turns} turns"), counted, Some(json!(counts.prompt_tokens)));
        }
        Ok(())
    }
    .boxed()
}
