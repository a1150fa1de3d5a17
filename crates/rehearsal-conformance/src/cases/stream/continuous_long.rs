use futures_util::FutureExt;
use serde_json::{Value, json};

use super::continuous;
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    raw::{UsageCounts, usage_of},
    session::{Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-32",
    level: Level::Must,
    title: "continuous usage counts no token before it is there, however the prompt is split",
    sends: "completions with a prompt of nearly max_model_len ids, chat with a long text; stream with continuous usage and return_token_ids",
    expects: ByProfile::same("each chunk's completion_tokens is the number of ids so far; 0 on the role chunk"),
    reference: "vLLM #9028, test_chunked_prompt.py",
    needs: &[Need::Feature(Feature::ReturnTokenIds), Need::MaxModelLen],
    run,
};

/// The largest default of `max_num_batched_tokens` is 16,384 (vLLM 0.28 and later, `engine/arg_utils.py`): this is split everywhere.
const LONGEST: u64 = 20_000;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let Some(limit) = s.facts().max_model_len else {
            return Err(Stop::Skipped("/v1/models gives no max_model_len".into()));
        };
        let length = usize::try_from(limit.min(LONGEST).saturating_sub(16)).unwrap_or(usize::MAX);
        for endpoint in s.endpoints()? {
            let mut over = json!({"max_tokens": 6, "ignore_eos": true, "return_token_ids": true});
            match endpoint {
                // a character is at most one token, but for the few that the template adds
                Endpoint::Chat => {
                    let text = s.prompt_text().chars().cycle().take(length.saturating_sub(200)).collect::<String>();
                    over["messages"] = json!([{"role": "user", "content": text}]);
                }
                Endpoint::Completions => over["prompt"] = json!(s.prompt_ids("long", length)),
            }
            let stream = s.stream(endpoint, continuous(over)).await?;
            let mut ids = 0;
            let mut wrong = Vec::new();
            for chunk in stream.choice_chunks() {
                let listed = chunk.pointer("/choices/0/token_ids").and_then(Value::as_array).map_or(0, Vec::len);
                ids += listed as u64;
                let counted = usage_of(chunk).and_then(UsageCounts::of).map(|usage| usage.completion_tokens);
                if counted != Some(ids) {
                    wrong.push(json!({"ids": ids, "completion_tokens": counted}));
                }
            }
            let about = endpoint.label();
            s.equal(format!("{about}: chunks whose completion_tokens is not the ids so far"), vec![], wrong);
            s.equal(format!("{about}: ids in all"), 6, ids);
        }
        Ok(())
    }
    .boxed()
}
