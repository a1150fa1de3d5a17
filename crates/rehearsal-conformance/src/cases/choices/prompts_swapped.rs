use futures_util::FutureExt;
use serde_json::json;

use super::implemented;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::{Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-45",
    level: Level::Must,
    title: "the order of prompts does not change the totals",
    sends: "completions with prompts of 3 and 9 ids, in both orders, ignore_eos, max_tokens 2",
    expects: ByProfile::each("equal counts", "equal counts", "lists of prompts are refused: unimplemented")
        .openai("equal counts"),
    reference: "follows from the sum",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (three, nine) = (s.prompt_ids("three", 3), s.prompt_ids("nine", 9));
        let mut counts = Vec::new();
        for prompts in [json!([three, nine]), json!([nine, three])] {
            let over = json!({"prompt": prompts, "max_tokens": 2, "ignore_eos": true});
            let answer = s.send(Endpoint::Completions, over).await?;
            implemented(s, &answer)?;
            let body = whole(Endpoint::Completions, &answer)?;
            counts.push(s.counts(Endpoint::Completions, &body)?);
        }
        s.equal("counts with the prompts swapped", counts.first(), counts.last());
        Ok(())
    }
    .boxed()
}
