use futures_util::FutureExt;
use serde_json::json;

use super::work::{growth, idle};
use crate::{
    call::Endpoint,
    cases::choices::{implemented, two},
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::{Session, whole},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-03",
    level: Level::Info,
    title: "what the counters make of a prompt with two choices, which usage counts once",
    sends: "completions with 9 ids, n = 2, max_tokens 5, between two scrapes of /metrics",
    expects: ByProfile::each(
        "prompt_tokens_total grows by 18, request_success_total by 2",
        "prompt_tokens_total grows by 18, request_success_total by 2",
        "n is refused: unimplemented",
    ),
    reference: "vLLM #56361, #56923; recordings n2 of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Metrics), Need::Feature(Feature::TokenIdPrompts)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let before = idle(s).await?;
        let answer = s.send(Endpoint::Completions, two(&json!({"max_tokens": 5}))).await?;
        implemented(s, &answer)?;
        let body = whole(Endpoint::Completions, &answer)?;
        let counts = s.counts(Endpoint::Completions, &body)?;
        let finished = "vllm:request_success_total";
        let after = s.metrics_when(|now| growth(&before, now, finished) == Some(2)).await?;
        s.record("prompt_tokens of usage", counts.prompt_tokens);
        s.record("growth of prompt_tokens_total", growth(&before, &after, "vllm:prompt_tokens_total"));
        s.record("growth of request_success_total", growth(&before, &after, finished));
        Ok(())
    }
    .boxed()
}
