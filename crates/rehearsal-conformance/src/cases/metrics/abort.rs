use futures_util::FutureExt;
use serde_json::json;

use super::work::{growth, idle, is_idle};
use crate::{
    call::{Call, Endpoint},
    check::{Check, Feature, Need, Running},
    profile::{ByProfile, ServerProfile},
    raw::{BodyEnd, RawStream, Samples},
    session::{KnownBug, Session, Stop},
    verdict::Level,
};

pub(super) const CHECK: Check = Check {
    id: "M-07",
    level: Level::Should,
    title: "a request whose client goes away stops, and is counted as far as it came",
    sends: "completions with 9 ids streamed, ignore_eos, closed after three events",
    expects: ByProfile::each(
        "running falls to 0; the prompt and the tokens seen are counted; one abort, which is known to be missing",
        "running falls to 0; the prompt and the tokens seen are counted; one abort, which is known to be missing",
        "running falls to 0; the prompt and the tokens seen are counted; one abort",
    ),
    reference: "vLLM #31503, #31537, #55634; recordings disconnect-stream of 0.13.0, 0.32.0 and 0.32.0-rust",
    needs: &[Need::Feature(Feature::Metrics), Need::Feature(Feature::TokenIdPrompts), Need::MaxModelLen],
    run,
};

/// So many tokens that no client reads them all in the time of three.
const MANY: usize = 4000;

fn run<'s>(s: &'s mut Session<'_>) -> Running<'s> {
    async move {
        let most = MANY.min(s.context_length()? - 9);
        let before = idle(s).await?;
        let over = json!({"max_tokens": most, "ignore_eos": true, "stream": true, "return_token_ids": true});
        let call = Call::post(Endpoint::Completions.path(), s.body(Endpoint::Completions, &over));
        let answer = s.hang_up(call, |body| 3 <= events(body)).await?;
        if answer.end != BodyEnd::HungUp {
            return Err(Stop::Inconclusive("the stream was over before it could be left".into()));
        }
        let read = RawStream::read(&answer.body).token_ids(0).len() as u64;

        let after = s.metrics_when(is_idle).await?;
        s.satisfies("the server is idle again", "no request runs or waits", is_idle(&after), |idle| *idle);
        s.equal("growth of prompt_tokens_total", Some(9), growth(&before, &after, "vllm:prompt_tokens_total"));
        let generated = growth(&before, &after, "vllm:generation_tokens_total");
        let most = most as u64;
        s.satisfies(
            "growth of generation_tokens_total",
            format!("{read} that were read, or more, and not all"),
            generated,
            |seen| seen.is_some_and(|seen| read <= seen && seen < most),
        );
        let python = matches!(s.profile(), ServerProfile::Py013 | ServerProfile::Py032);
        let bug = python.then_some(KnownBug { shows: 0, issue: "vLLM #31503" });
        s.equal_or_known("growth of request_success_total of abort", 1, bug, aborts(&before, &after));
        Ok(())
    }
    .boxed()
}

fn events(body: &[u8]) -> usize {
    body.windows(2).filter(|pair| pair == b"\n\n").count()
}

fn aborts(before: &Samples, after: &Samples) -> i64 {
    let of = |samples: &Samples| -> f64 {
        let series = samples.of("vllm:request_success_total");
        series
            .filter(|(labels, _)| Samples::label(labels, "finished_reason") == Some("abort"))
            .map(|(_, count)| count)
            .sum()
    };
    #[expect(clippy::cast_possible_truncation, reason = "counts of requests, far below 2^53")]
    let growth = (of(after) - of(before)).round() as i64;
    growth
}
