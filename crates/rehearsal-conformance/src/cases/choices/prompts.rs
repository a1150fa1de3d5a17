use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{implemented, two};
use crate::{
    call::{Endpoint, overlaid},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::choices,
    session::{Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-43",
    level: Level::Must,
    title: "several prompts are counted in sum and indexed prompt by prompt",
    sends: "completions with prompts of 3 and 9 ids, n = 1; and n = 2, with return_token_ids",
    expects: ByProfile::each(
        "prompt_tokens 12; choice index = prompt x n + choice",
        "prompt_tokens 12; choice index = prompt x n + choice",
        "lists of prompts are refused: unimplemented",
    )
    .openai("prompt_tokens 12; choice index = prompt x n + choice"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let prompts = json!([s.prompt_ids("three", 3), s.prompt_ids("nine", 9)]);
        for (n, over) in [(1, json!({"max_tokens": 2})), (2, two(&json!({"max_tokens": 2})))] {
            let over = overlaid(over, &json!({"prompt": prompts, "ignore_eos": true}));
            let over = if s.profile().is_vllm() { overlaid(over, &json!({"return_token_ids": true})) } else { over };
            let answer = s.send(Endpoint::Completions, over).await?;
            implemented(s, &answer)?;
            let body = whole(Endpoint::Completions, &answer)?;
            let counts = s.counts(Endpoint::Completions, &body)?;
            s.equal(format!("n = {n}: prompt_tokens"), 12, counts.prompt_tokens);
            s.equal(format!("n = {n}: completion_tokens"), 4 * n, counts.completion_tokens);

            let listed: Vec<(u64, &Value)> = choices(&body)
                .iter()
                .filter_map(|choice| Some((choice.get("index")?.as_u64()?, choice.get("prompt_token_ids")?)))
                .filter(|(_, ids)| !ids.is_null())
                .collect();
            let indices: Vec<u64> = choices(&body).iter().filter_map(|choice| choice.get("index")?.as_u64()).collect();
            s.equal(format!("n = {n}: indices"), (0..2 * n).collect(), indices);
            for (index, ids) in listed {
                let prompt = usize::try_from(index / n).unwrap_or(usize::MAX);
                s.equal(format!("n = {n}: prompt of choice {index}"), prompts.get(prompt), Some(ids));
            }
        }
        Ok(())
    }
    .boxed()
}
