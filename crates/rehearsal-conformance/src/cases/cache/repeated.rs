use futures_util::FutureExt;
use serde_json::json;

use super::{NEEDS, cached, full_hit, long_prompt};
use crate::{
    call::Endpoint,
    check::{Check, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-60",
    level: Level::Must,
    title: "a repeated prompt is cached in whole blocks, and never to its last token",
    sends: "completions: the same 3 blocks + 5 ids twice; then the same 3 blocks exactly twice",
    expects: ByProfile::same("cached_tokens = floor((prompt - 1) / block) * block"),
    reference: "vLLM #16162, #18062, #18149; recordings details of 0.13.0 and 0.32.0",
    needs: NEEDS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (prompt, block) = long_prompt(s, "repeated")?;
        let whole_blocks = s.prompt_ids("whole blocks", 3 * block);
        for prompt in [prompt, whole_blocks] {
            let over = json!({"prompt": prompt, "max_tokens": 1});
            s.whole(Endpoint::Completions, over.clone()).await?;
            let body = s.whole(Endpoint::Completions, over).await?;
            let length = prompt.len();
            s.equal(format!("cached of {length}"), Some(full_hit(length, block)), cached(&body));
        }
        Ok(())
    }
    .boxed()
}
