use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-58",
    level: Level::Should,
    title: "an answer chosen from a list ends with it, and all its tokens are counted",
    sends: "completions with structured_outputs choice of two words, max_tokens 10, return_token_ids",
    expects: ByProfile::each(
        "one of the words, finish_reason stop, stop_reason null, completion_tokens the number of ids",
        "the same, but stop_reason may be the id of a second end-of-sequence token",
        "one of the words, finish_reason stop, stop_reason null, completion_tokens the number of ids",
    ),
    reference: "recordings structured_outputs-choice of 0.13.0, 0.32.0 and 0.32.0-rust",
    // with a reasoning parser an answer is held to its form only once the reasoning is over
    needs: &[Need::Feature(Feature::ReturnTokenIds), Need::StartedWithout(ServerFlag::ReasoningParser)],
    run,
};

const WORDS: [&str; 2] = [" fox", " dog"];

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let over = json!({"max_tokens": 10, "return_token_ids": true, "structured_outputs": {"choice": WORDS}});
        let body = s.whole(Endpoint::Completions, over).await?;
        let choice = body.pointer("/choices/0");
        let of_choice = |key: &str| choice.and_then(|choice| choice.get(key)).cloned().unwrap_or(Value::Null);
        s.satisfies("text", "one of the two words", of_choice("text"), |text| {
            text.as_str().is_some_and(|text| WORDS.contains(&text))
        });
        s.equal("finish_reason", json!("stop"), of_choice("finish_reason"));
        let second_end = s.profile() == ServerProfile::Py032;
        s.satisfies("stop_reason", "null, or the id of a second end on py-0.32", of_choice("stop_reason"), |reason| {
            reason.is_null() || (second_end && reason.is_u64())
        });
        let ids = of_choice("token_ids").as_array().map_or(0, Vec::len) as u64;
        let counts = s.counts(Endpoint::Completions, &body)?;
        s.equal("completion_tokens", ids, counts.completion_tokens);
        Ok(())
    }
    .boxed()
}
