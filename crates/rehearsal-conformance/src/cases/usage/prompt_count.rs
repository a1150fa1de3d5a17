use futures_util::FutureExt;
use serde_json::json;

use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-03",
    level: Level::Must,
    title: "prompt_tokens is the number of ids in the prompt",
    sends: "completions with prompts of 1, 2, block-1, block and block+1 token ids",
    expects: ByProfile::same("prompt_tokens = the number of ids sent"),
    reference: "recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::TokenIdPrompts)],
    run,
};

/// vLLM's default on a GPU, where the server does not give its own.
const DEFAULT_BLOCK: u64 = 16;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let block = s.facts().block_size.unwrap_or(DEFAULT_BLOCK);
        let longest = s.facts().max_model_len.map_or(u64::MAX, |limit| limit.saturating_sub(1));
        let mut lengths = vec![1, 2, block.saturating_sub(1), block, block + 1];
        lengths.retain(|length| 1 <= *length && *length <= longest);
        lengths.sort_unstable();
        lengths.dedup();
        for length in lengths {
            let prompt = s.prompt_ids(&format!("of {length}"), usize::try_from(length).unwrap_or(usize::MAX));
            let body = s.whole(Endpoint::Completions, json!({"prompt": prompt, "max_tokens": 1})).await?;
            let counts = s.counts(Endpoint::Completions, &body)?;
            s.equal(format!("prompt_tokens of {length} ids"), length, counts.prompt_tokens);
        }
        Ok(())
    }
    .boxed()
}
