use futures_util::FutureExt;
use serde_json::json;

use super::{NEEDS, block_size, none_cached};
use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-62",
    level: Level::Must,
    title: "a prompt that fits one block is not cached",
    sends: "completions: as many ids as a block has tokens, twice",
    expects: ByProfile::same("cached_tokens 0 or absent; in no case prompt - 1"),
    reference: "vLLM #43370, #53749",
    needs: NEEDS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let block = block_size(s)?;
        let prompt = s.prompt_ids("one block", block);
        let over = json!({"prompt": prompt, "max_tokens": 1});
        s.whole(Endpoint::Completions, over.clone()).await?;
        let body = s.whole(Endpoint::Completions, over).await?;
        none_cached(s, &format!("cached of {block}"), &body);
        Ok(())
    }
    .boxed()
}
