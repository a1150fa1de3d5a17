use futures_util::FutureExt;
use serde_json::{Value, json};

use super::{NEEDS, cached, long_prompt};
use crate::{
    call::Endpoint,
    cases::stream::continuous,
    check::{Check, Running},
    profile::ByProfile,
    raw::is_usage_chunk,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "U-65",
    level: Level::Must,
    title: "a stream tells the cached count of the same request unstreamed, in its last chunk only",
    sends: "completions: the same 3 blocks + 5 ids three times, the third streamed with usage on every chunk",
    expects: ByProfile::same("the last chunk's count is the whole answer's; no other chunk has one"),
    reference: "recordings details of 0.13.0 and 0.32.0",
    needs: NEEDS,
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let (prompt, _) = long_prompt(s, "streamed")?;
        let over = json!({"prompt": prompt, "max_tokens": 3, "ignore_eos": true});
        s.whole(Endpoint::Completions, over.clone()).await?;
        let body = s.whole(Endpoint::Completions, over.clone()).await?;
        let stream = s.stream(Endpoint::Completions, continuous(over)).await?;
        let last: Option<u64> = stream.chunks().filter(|chunk| is_usage_chunk(chunk)).find_map(cached);
        s.equal("cached of the last chunk", cached(&body), last);
        let others: Vec<&Value> = stream.choice_chunks().filter(|chunk| cached(chunk).is_some()).collect();
        s.equal("other chunks with a cached count", 0, others.len());
        Ok(())
    }
    .boxed()
}
