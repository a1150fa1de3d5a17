use futures_util::FutureExt;

use crate::{
    check::Feature,
    properties::{
        law::{Judgement, Law, Pass, equal, not_judged},
        trial::{Trial, asked_choices},
    },
    raw::{RawStream, Samples, UsageCounts, is_usage_chunk, usage_of},
};

pub(super) const LAW: Law = Law {
    id: "P-15",
    title: "the counters of /metrics grow by what usage says",
    says: "on an idle server, growth of generation_tokens_total = completion_tokens, and of prompt_tokens_total = prompt_tokens where n is 1",
    reference: "vLLM v1/metrics/stats.py; #56361",
    known: &[],
    judge: |t| {
        async move {
            if let Some(seen) = t.facts().lacks(Feature::Metrics) {
                return not_judged(format!("no GET /metrics with vLLM's names: {seen}"));
            }
            let sent = t.whole().await?.sent;
            // the engine may be ahead of a stop string that the frontend finds
            if sent.get("stop").is_some() {
                return not_judged("has a stop string");
            }
            let streamed = t.streamed().await?.sent;
            let before = scrape(t).await?;
            if before.sum("vllm:num_requests_running") != Some(0.0)
                || before.sum("vllm:num_requests_waiting") != Some(0.0)
            {
                return not_judged("the server is not idle");
            }
            let (whole, exchange) = t.answer_anew(sent.clone()).await?;
            let whole = whole.json().ok().and_then(|body| UsageCounts::of(usage_of(&body)?));
            let (stream, _) = t.answer_anew(streamed).await?;
            let stream = RawStream::read(&stream.body);
            let stream = stream
                .chunks()
                .rfind(|chunk| is_usage_chunk(chunk))
                .and_then(|chunk| UsageCounts::of(usage_of(chunk)?));
            let (Some(whole), Some(stream)) = (whole, stream) else { return not_judged("not both tell their usage") };

            let sequences = 2 * asked_choices(&sent);
            let Some(after) = settled(t, &before, sequences).await? else {
                return not_judged("others use the server, too");
            };
            let expected = whole.completion_tokens + stream.completion_tokens;
            let seen = growth(&before, &after, "vllm:generation_tokens_total");
            let judged = equal("growth of vllm:generation_tokens_total", shown(Some(expected)), shown(seen), exchange);
            if judged != Judgement::Holds || sent.get("n").is_some_and(|n| *n != 1) {
                return Ok(judged);
            }
            let expected = whole.prompt_tokens + stream.prompt_tokens;
            let seen = growth(&before, &after, "vllm:prompt_tokens_total");
            Ok(equal("growth of vllm:prompt_tokens_total", shown(Some(expected)), shown(seen), exchange))
        }
        .boxed()
    },
};

/// The server counts a request a moment after its last byte: so often is it asked again.
const SCRAPES: usize = 20;

/// The metrics once so many sequences have been counted; as they are after a while where they never are; `None` where more were counted.
async fn settled(t: &mut Trial<'_, '_>, before: &Samples, sequences: u64) -> Result<Option<Samples>, Pass> {
    let mut after = scrape(t).await?;
    for _ in 0..SCRAPES {
        match growth(before, &after, "vllm:request_success_total") {
            Some(finished) if sequences < finished => return Ok(None),
            Some(finished) if finished == sequences => break,
            _ => after = scrape(t).await?,
        }
    }
    Ok(Some(after))
}

async fn scrape(t: &mut Trial<'_, '_>) -> Result<Samples, Pass> {
    Ok(Samples::read(&t.get("/metrics").await?.text()))
}

/// By how much a counter grew over all its series; `None` where it is missing, fell, or is not whole.
fn growth(before: &Samples, after: &Samples, name: &str) -> Option<u64> {
    // some clients of Prometheus show a counter only once it has counted
    let growth = after.sum(name)? - before.sum(name).unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
    (0.0 <= growth && growth.fract() == 0.0).then_some(growth as u64)
}

fn shown(count: Option<u64>) -> String {
    count.map_or_else(|| "no whole number".to_owned(), |count| count.to_string())
}
