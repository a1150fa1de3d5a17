use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    check::{Check, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

/// A printable character in every vocabulary that the suite's prompts are made for.
const LETTER: u32 = 67;

pub(super) const CHECK: Check = Check {
    id: "L-08",
    level: Level::Should,
    title: "a max_tokens that the context cannot hold is refused or cut as this version does",
    sends: "both endpoints, a short prompt with max_tokens max_model_len - 1 and max_model_len + 1; the first token is forced and ends the answer",
    expects: ByProfile::each("400; 400", "200; 400", "200; 200"),
    reference: "vLLM #36197, #42474; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::MaxModelLen],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let length = s.context_length()?;
        for endpoint in s.endpoints()? {
            let about = endpoint.label();
            for (max_tokens, expected) in
                [(length - 1, ByProfile::each(400, 200, 200)), (length + 1, ByProfile::each(400, 400, 200))]
            {
                let answer = s.send(endpoint, ending_at_once(max_tokens)).await?;
                s.equal(format!("{about} max_tokens {max_tokens}: status"), expected.of(s.profile()), answer.status);
            }
        }
        Ok(())
    }
    .boxed()
}

/// A whole context of tokens is not worth its time.
fn ending_at_once(max_tokens: usize) -> Value {
    json!({"max_tokens": max_tokens, "logit_bias": {LETTER.to_string(): 100}, "stop_token_ids": [LETTER]})
}
