use futures_util::FutureExt;
use serde_json::{Value, json};

use super::work::{growth, idle};
use crate::{
    call::Endpoint,
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-06",
    level: Level::Must,
    title: "the prefix cache's counters hold what usage calls cached, and no more hits than queries",
    sends: "completions: the same ids of some blocks twice, between two scrapes of /metrics",
    expects: ByProfile::same(
        "queries grow by at least both prompts; hits by at least the cached tokens, and by no more than the queries",
    ),
    reference: "vLLM v1/core/kv_cache_manager.py; recordings repeat-long-prompt of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: &[Need::Feature(Feature::Metrics), Need::Feature(Feature::TokenIdPrompts), Need::MaxModelLen],
    run,
};

/// Holds two blocks of 128 tokens, the largest block that vLLM chooses by itself (CPU), and one token that is never cached.
const PROMPT: usize = 300;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let length = PROMPT.min(s.context_length()? - 4);
        let over = json!({"prompt": s.prompt_ids("hits", length), "max_tokens": 1});
        let before = idle(s).await?;
        let mut cached = 0;
        for _ in 0..2 {
            let body = s.whole(Endpoint::Completions, over.clone()).await?;
            // what usage does not tell demands no hits
            if let Some(told) = body.pointer("/usage/prompt_tokens_details/cached_tokens").and_then(Value::as_u64) {
                cached += told;
            }
        }
        let after = s.metrics_when(|now| growth(&before, now, "vllm:request_success_total") == Some(2)).await?;

        let both = 2 * length as u64;
        let queries = growth(&before, &after, "vllm:prefix_cache_queries_total");
        s.satisfies("growth of the queries", format!("at least {both}"), queries, |queries| {
            queries.is_some_and(|queries| both <= queries)
        });
        let hits = growth(&before, &after, "vllm:prefix_cache_hits_total");
        s.satisfies("growth of the hits", format!("at least the {cached} tokens that usage tells"), hits, |hits| {
            hits.is_some_and(|hits| cached <= hits)
        });
        s.satisfies("hits and queries", "no more hits than queries", (hits, queries), |(hits, queries)| {
            hits <= queries
        });
        Ok(())
    }
    .boxed()
}
