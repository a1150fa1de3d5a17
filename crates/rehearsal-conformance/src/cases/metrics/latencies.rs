use futures_util::FutureExt;

use super::work::Work;
use crate::{
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    target::ServerFlag,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-04",
    level: Level::Must,
    title: "each request has one first token, and each further token one gap",
    sends: "three requests on an idle server, whole and streamed, between two scrapes of /metrics",
    expects: ByProfile::same(
        "TTFT count grows by the requests; ITL count by the completion tokens less one each, or fewer where steps gave several tokens",
    ),
    reference: "vLLM #8115; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Metrics)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let work = Work::between_scrapes(s).await?;
        let requests = work.counts.len() as u64;
        let firsts = work.growth("vllm:time_to_first_token_seconds_count");
        s.equal("growth of the TTFT count", Some(requests), firsts);

        let gaps: u64 = work.counts.iter().map(|counts| counts.completion_tokens.saturating_sub(1)).sum();
        let seen = work.growth("vllm:inter_token_latency_seconds_count");
        if s.started_with(ServerFlag::SpeculativeConfig) {
            s.satisfies("growth of the ITL count", format!("at most {gaps}"), seen, |seen| {
                seen.is_some_and(|seen| seen <= gaps)
            });
        } else {
            s.equal("growth of the ITL count", Some(gaps), seen);
        }
        Ok(())
    }
    .boxed()
}
