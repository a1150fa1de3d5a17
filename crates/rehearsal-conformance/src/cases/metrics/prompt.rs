use futures_util::FutureExt;

use super::work::Work;
use crate::{
    check::{Check, Feature, Need, Running},
    profile::ByProfile,
    session::Session,
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-02",
    level: Level::Must,
    title: "the prompt counter grows by the prompt tokens",
    sends: "three requests on an idle server, whole and streamed, between two scrapes of /metrics",
    expects: ByProfile::same("growth of vllm:prompt_tokens_total = sum of prompt_tokens"),
    reference: "vLLM v1/metrics; recordings of 0.13.0 and 0.32.0",
    needs: &[Need::Feature(Feature::Metrics)],
    run,
};

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let work = Work::between_scrapes(s).await?;
        let expected: u64 = work.counts.iter().map(|counts| counts.prompt_tokens).sum();
        s.equal("growth", Some(expected), work.growth("vllm:prompt_tokens_total"));
        Ok(())
    }
    .boxed()
}
