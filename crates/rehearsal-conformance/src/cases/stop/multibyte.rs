use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    cases::stream::continuous,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::{RawStream, UsageCounts, usage_of},
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-59",
    level: Level::Must,
    title: "characters of several tokens come whole, and each of their tokens is counted",
    sends: "completions held to a text with é, € and 🚀 by structured_outputs choice, whole and streamed with continuous usage, return_token_ids",
    expects: ByProfile::same(
        "the text, in chunks of whole characters; completion_tokens the number of ids, in the end and so far; equal counts whole and streamed",
    ),
    reference: "vLLM v1/engine/detokenizer.py; recordings unicode and unicode-stream of 0.13.0, 0.32.0 and 0.32.0-rust",
    // with a reasoning parser an answer is held to its form only once the reasoning is over
    needs: &[Need::Feature(Feature::ReturnTokenIds), Need::StartedWithout(ServerFlag::ReasoningParser)],
    run,
};

const TEXT: &str = "café 3 € 🚀🛰";

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 40, "return_token_ids": true, "structured_outputs": {"choice": [TEXT]}});
        let body = s.whole(Endpoint::Completions, over.clone()).await?;
        s.equal("text", Some(&json!(TEXT)), body.pointer("/choices/0/text"));
        let ids = body.pointer("/choices/0/token_ids").and_then(Value::as_array).map_or(0, Vec::len) as u64;
        let whole = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", ids, whole.completion_tokens);

        let stream = s.stream(Endpoint::Completions, continuous(over)).await?;
        s.equal("text of the stream", TEXT, &stream.text(0));
        s.equal("chunks with half a character", vec![], halves(&stream));
        s.equal("chunks whose completion_tokens is not the ids so far", vec![], miscounted(&stream));
        let counted = s.final_counts(Endpoint::Completions, &stream)?;
        s.equal("counts of the stream", whole, counted);
        Ok(())
    }
    .boxed()
}

/// The texts with the character that decoders put in place of what is no UTF-8.
fn halves(stream: &RawStream) -> Vec<&str> {
    let texts = stream.choices().filter_map(|(_, choice)| choice.get("text")?.as_str());
    texts.filter(|text| text.contains('\u{fffd}')).collect()
}

fn miscounted(stream: &RawStream) -> Vec<Value> {
    let mut ids = 0;
    let mut wrong = Vec::new();
    for chunk in stream.choice_chunks() {
        ids += chunk.pointer("/choices/0/token_ids").and_then(Value::as_array).map_or(0, Vec::len) as u64;
        let counted = usage_of(chunk).and_then(UsageCounts::of).map(|usage| usage.completion_tokens);
        if counted != Some(ids) {
            wrong.push(json!({"ids": ids, "completion_tokens": counted}));
        }
    }
    wrong
}
