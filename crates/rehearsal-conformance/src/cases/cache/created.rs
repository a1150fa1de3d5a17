use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{NEEDS, block_size};
use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-69",
    level: Level::Info,
    title: "what is told beside the cached count: tokens written to the cache, tokens of images and sounds",
    sends: "chat with a text of some blocks, twice",
    expects: ByProfile::each(
        "cached_tokens alone",
        "created_cache_tokens in whole blocks on the first, 0 on the second; multimodal_tokens null or absent",
        "cached_tokens alone",
    ),
    reference: "recordings repeat-long-prompt of 0.13.0 details and 0.32.0 details and new",
    needs: NEEDS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let block = block_size(s)?;
        // a word is at least one token, so this is a block at least and three at most in most vocabularies
        let text = format!("{}{}", s.prompt_text(), " one two".repeat(block / 2));
        let over = json!({"messages": [{"role": "user", "content": text}], "max_tokens": 1});
        for about in ["new prompt", "the same again"] {
            let body = s.whole(Endpoint::Chat, over.clone()).await?;
            let details = body.pointer("/usage/prompt_tokens_details").cloned().unwrap_or(Value::Null);
            s.record(format!("{about}: prompt_tokens_details"), &details);
            let count = |key: &str| details.get(key).and_then(Value::as_u64).unwrap_or_default();
            let of_cache = count("cached_tokens") + count("created_cache_tokens");
            let prompt = s.counts(Endpoint::Chat, &body)?.prompt_tokens;
            s.satisfies(format!("{about}: cached + created"), format!("at most {prompt}"), of_cache, |sum| {
                *sum <= prompt
            });
        }
        Ok(())
    }
    .boxed()
}
