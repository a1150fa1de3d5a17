use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{NEEDS, long_prompt};
use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-61",
    level: Level::Should,
    title: "a count of zero is written as this version writes it",
    sends: "completions: 3 blocks + 5 ids that the server has not seen",
    expects: ByProfile::each("prompt_tokens_details null", "cached_tokens 0", "prompt_tokens_details null"),
    reference: "vLLM #44377, #44961; recordings details of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: NEEDS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (prompt, _) = long_prompt(s, "cold")?;
        let body = s.whole(Endpoint::Completions, json!({"prompt": prompt, "max_tokens": 1})).await?;
        let details = body.pointer("/usage/prompt_tokens_details").cloned().unwrap_or(Value::Null);
        match s.profile() {
            ServerProfile::Py013 | ServerProfile::Rs032 => s.equal("prompt_tokens_details", Value::Null, details),
            ServerProfile::Py032 | ServerProfile::OpenAiSpec => {
                s.equal("cached_tokens", Some(&json!(0)), details.get("cached_tokens"));
            }
        }
        Ok(())
    }
    .boxed()
}
