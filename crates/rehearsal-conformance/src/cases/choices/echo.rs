use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::{Endpoint, overlaid},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-46",
    level: Level::Must,
    title: "echo does not change usage",
    sends: "completions with and without echo, ignore_eos, max_tokens 3",
    expects: ByProfile::same("equal counts, and the text begins with the prompt's"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"prompt": "seven and eight", "max_tokens": 3, "ignore_eos": true});
        let plain = s.whole(Endpoint::Completions, over.clone()).await?;
        let plain = s.counts(Endpoint::Completions, &plain)?;
        let echoed = s.whole(Endpoint::Completions, overlaid(over, &json!({"echo": true}))).await?;
        let counts = s.counts(Endpoint::Completions, &echoed)?;
        s.equal("counts with echo", plain, counts);
        let text = echoed.pointer("/choices/0/text").and_then(Value::as_str).map(str::to_owned);
        s.satisfies("text with echo", "begins with the prompt", text, |text| {
            text.as_ref().is_some_and(|text| text.starts_with("seven and eight"))
        });
        Ok(())
    }
    .boxed()
}
