use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{implemented, two};
use crate::{
    check::{Check, Running},
    profile::ByProfile,
    session::{Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-40",
    level: Level::Must,
    title: "several choices count the prompt once and the completions in sum",
    sends: "both endpoints, n = 2, temperature 1, seed, ignore_eos, max_tokens 5; and n = 1",
    expects: ByProfile::each(
        "prompt_tokens as for n = 1; completion_tokens 10",
        "prompt_tokens as for n = 1; completion_tokens 10",
        "n is refused: unimplemented",
    )
    .openai("prompt_tokens as for n = 1; completion_tokens 10"),
    reference: "vLLM test_chat_completion_n_parameter_non_streaming; recordings",
    needs: &[],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        for endpoint in s.endpoints()? {
            let one = s.whole(endpoint, json!({"max_tokens": 5, "ignore_eos": true})).await?;
            let one = s.counts(endpoint, &one)?;
            let answer = s.send(endpoint, two(&json!({"max_tokens": 5}))).await?;
            implemented(s, &answer)?;
            let body = whole(endpoint, &answer)?;
            let both = s.counts(endpoint, &body)?;
            let about = endpoint.label();
            let choices = body.get("choices").and_then(Value::as_array).map_or(0, Vec::len);
            s.equal(format!("{about}: choices"), 2, choices);
            s.equal(format!("{about}: prompt_tokens"), one.prompt_tokens, both.prompt_tokens);
            s.equal(format!("{about}: completion_tokens"), 10, both.completion_tokens);
        }
        Ok(())
    }
    .boxed()
}
