use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{implemented, two};
use crate::{
    call::Endpoint,
    cases::stream::continuous,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::{UsageCounts, choices, usage_of},
    session::{Session, stream},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-44",
    level: Level::Should,
    title: "with several prompts a chunk counts its own prompt",
    sends: "completions with prompts of 3 and 9 ids, n = 2, stream with continuous usage",
    expects: ByProfile::each(
        "prompt_tokens 3 for the choices 0 and 1, 9 for 2 and 3; finally 12",
        "prompt_tokens 3 for the choices 0 and 1, 9 for 2 and 3; finally 12",
        "lists of prompts are refused: unimplemented",
    ),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let prompts = json!([s.prompt_ids("three", 3), s.prompt_ids("nine", 9)]);
        let over = json!({"stream": true, "prompt": prompts, "max_tokens": 3});
        let answer = s.send(Endpoint::Completions, two(&continuous(over))).await?;
        implemented(s, &answer)?;
        let stream = stream(Endpoint::Completions, &answer)?;
        let mut seen: BTreeMap<Option<u64>, BTreeSet<Option<u64>>> = BTreeMap::new();
        for chunk in stream.choice_chunks() {
            let prompt = usage_of(chunk).and_then(UsageCounts::of).map(|usage| usage.prompt_tokens);
            for choice in choices(chunk) {
                let index = choice.get("index").and_then(Value::as_u64);
                seen.entry(index).or_default().insert(prompt);
            }
        }
        let own = |tokens| BTreeSet::from([Some(tokens)]);
        let expected = BTreeMap::from([(Some(0), own(3)), (Some(1), own(3)), (Some(2), own(9)), (Some(3), own(9))]);
        s.equal("prompt_tokens by choice", expected, seen);
        let closing = s.final_counts(Endpoint::Completions, &stream)?;
        s.equal("final prompt_tokens", 12, closing.prompt_tokens);
        Ok(())
    }
    .boxed()
}
