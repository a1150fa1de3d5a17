//! Known work between two scrapes.

use serde_json::json;

use crate::{
    raw::{Samples, UsageCounts},
    session::{Session, Stop},
};

/// The server counts a request a moment after its last byte: so often is it asked again.
const SCRAPES: usize = 20;

/// Three requests, and what the metrics made of them.
pub(super) struct Work {
    /// The usage of each request.
    pub(super) counts: Vec<UsageCounts>,
    before: Samples,
    after: Samples,
}

impl Work {
    /// Sends three requests between two scrapes. Inconclusive where others use the server at the same time.
    pub(super) async fn between_scrapes(s: &mut Session<'_>) -> Result<Self, Stop> {
        let before = idle(s).await?;

        let mut counts = Vec::new();
        for endpoint in s.endpoints()? {
            let body = s.whole(endpoint, json!({"max_tokens": 5, "ignore_eos": true})).await?;
            counts.push(s.counts(endpoint, &body)?);
        }
        let endpoint = s.endpoints()?[0];
        let over = json!({"max_tokens": 7, "ignore_eos": true, "stream_options": {"include_usage": true}});
        let stream = s.stream(endpoint, over).await?;
        counts.push(s.final_counts(endpoint, &stream)?);

        let mut work = Self { counts, before, after: Samples::default() };
        let sent = work.counts.len() as u64;
        for _ in 0..SCRAPES {
            work.after = s.metrics().await?;
            let finished = work.growth("vllm:request_success_total");
            if let Some(finished) = finished.filter(|finished| sent < *finished) {
                return Err(Stop::Inconclusive(format!("{finished} requests finished where {sent} were sent")));
            }
            if finished == Some(sent) {
                return Ok(work);
            }
        }
        // the counters that are compared may be right all the same
        Ok(work)
    }

    /// By how much a counter grew over all its series; `None` where it is missing, fell, or is not whole.
    pub(super) fn growth(&self, name: &str) -> Option<u64> {
        growth(&self.before, &self.after, name)
    }
}

/// The metrics of a server that does nothing; inconclusive where others use it.
pub(in crate::cases) async fn idle(s: &mut Session<'_>) -> Result<Samples, Stop> {
    let samples = s.metrics_when(is_idle).await?;
    if is_idle(&samples) {
        return Ok(samples);
    }
    Err(Stop::Inconclusive("the server is not idle".into()))
}

pub(super) fn is_idle(samples: &Samples) -> bool {
    samples.sum("vllm:num_requests_running") == Some(0.0) && samples.sum("vllm:num_requests_waiting") == Some(0.0)
}

/// By how much a counter grew over all its series; `None` where it is missing, fell, or is not whole.
pub(in crate::cases) fn growth(before: &Samples, after: &Samples, name: &str) -> Option<u64> {
    // some clients of Prometheus show a counter only once it has counted
    whole(after.sum(name)? - before.sum(name).unwrap_or_default())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
fn whole(value: f64) -> Option<u64> {
    (0.0 <= value && value.fract() == 0.0).then_some(value as u64)
}
