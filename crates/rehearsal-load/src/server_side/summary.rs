//! The server's figures of a run, from its snapshots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bracket, ServerHistogram, ServerSnapshot};
use crate::{client::RequestTimeline, report::Completion};

/// What the server says of the run. Counts are those between the reading before the window and the one after it, so
/// that other clients of the server are in them too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSide {
    /// Readings of the page.
    pub readings: usize,
    /// Requests in execution; this and the other levels are `null` when the run was over before a reading within it.
    pub running: Option<Level>,
    /// Requests that waited to be scheduled.
    pub waiting: Option<Level>,
    /// Share of the KV cache in use, from 0 to 1.
    pub kv_cache_usage: Option<Level>,
    /// Requests that ended.
    pub finished: Option<u64>,
    /// Prompt tokens, cached ones included.
    pub prompt_tokens: Option<u64>,
    /// Output tokens.
    pub generation_tokens: Option<u64>,
    /// Hits ÷ queries of the prefix cache, in tokens; `null` when nothing was looked up.
    pub prefix_cache_hit_rate: Option<f64>,
    /// Preemptions.
    pub preemptions: Option<u64>,
    /// Time to first token, from the arrival at the server.
    pub ttft_s: Option<ServerDistribution>,
    /// Time between tokens.
    pub itl_s: Option<ServerDistribution>,
    /// Latency of whole requests.
    pub e2el_s: Option<ServerDistribution>,
    /// Time in the queue.
    pub queue_s: Option<ServerDistribution>,
    /// The client's token counts against the server's.
    pub balance: Vec<TokenBalance>,
}

/// A gauge over the readings within the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Mean of the readings.
    pub mean: f64,
    /// The highest of them; what was higher in between is not seen.
    pub max: f64,
}

/// What a histogram of the server's can tell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerDistribution {
    /// How many values.
    pub n: u64,
    /// Their mean, exact.
    pub mean: f64,
    /// Between which bounds the median lies.
    pub p50: Bracket,
    /// Between which bounds the 95th percentile lies.
    pub p95: Bracket,
    /// Between which bounds the 99th percentile lies.
    pub p99: Bracket,
}

/// A sum that the client and the server both know: Σ `usage` over successes, and the server's counter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenBalance {
    /// `prompt_tokens` or `generation_tokens`.
    pub what: String,
    /// The client's sum.
    pub client: u64,
    /// The server's.
    pub server: u64,
    /// What to make of it.
    pub balance: Balance,
}

/// Whether two sums agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// They are the same.
    Equal,
    /// They are not: the server has other clients, or `usage` is not the truth.
    Different,
    /// Failed or unfinished requests have tokens at the server that no `usage` tells, so nothing follows.
    Unknown,
}

impl ServerSide {
    /// From the readings in order, of which the first was before the window; `None` with fewer than two.
    #[must_use]
    pub fn of(readings: &[ServerSnapshot], requests: &[RequestTimeline], completion: Completion) -> Option<Self> {
        let [before, .., after] = readings else { return None };
        let between = |count: fn(&ServerSnapshot) -> Option<u64>| count(after)?.checked_sub(count(before)?);
        let spread = |of: fn(&ServerSnapshot) -> Option<&ServerHistogram>| {
            ServerDistribution::of(&of(after)?.since(of(before)?)?)
        };
        // the readings before and after the window find the server idle
        let within = &readings[1..readings.len() - 1];
        let level = |gauge: fn(&ServerSnapshot) -> Option<f64>| Level::of(within.iter().filter_map(gauge));
        let (prompt_tokens, generation_tokens) = (between(|it| it.prompt_tokens), between(|it| it.generation_tokens));
        let queries = between(|it| it.prefix_cache_queries).filter(|queries| 0 < *queries);
        let hits = between(|it| it.prefix_cache_hits);

        let is_comparable = completion == Completion::Complete
            && requests.iter().all(|it| it.verdict.is_success() && it.usage.is_some_and(|usage| usage.is_complete()));
        let balance = |what: &str, server: Option<u64>, tokens: fn(&RequestTimeline) -> Option<u64>| {
            let (server, client) = (server?, requests.iter().filter_map(tokens).sum());
            let balance = match (is_comparable, client == server) {
                (true, true) => Balance::Equal,
                (true, false) => Balance::Different,
                (false, _) => Balance::Unknown,
            };
            Some(TokenBalance { what: what.to_owned(), client, server, balance })
        };
        let balance = [
            balance("prompt_tokens", prompt_tokens, RequestTimeline::prompt_tokens),
            balance("generation_tokens", generation_tokens, RequestTimeline::output_tokens),
        ];
        Some(Self {
            readings: readings.len(),
            running: level(|it| it.running),
            waiting: level(|it| it.waiting),
            kv_cache_usage: level(|it| it.kv_cache_usage),
            finished: between(|it| it.finished),
            prompt_tokens,
            generation_tokens,
            prefix_cache_hit_rate: hits.zip(queries).map(|(hits, queries)| hits as f64 / queries as f64),
            preemptions: between(|it| it.preemptions),
            ttft_s: spread(|it| it.ttft_s.as_ref()),
            itl_s: spread(|it| it.itl_s.as_ref()),
            e2el_s: spread(|it| it.e2el_s.as_ref()),
            queue_s: spread(|it| it.queue_s.as_ref()),
            balance: balance.into_iter().flatten().collect(),
        })
    }
}

impl Level {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.collect();
        let max = values.iter().copied().max_by(f64::total_cmp)?;
        Some(Self { mean: values.iter().sum::<f64>() / values.len() as f64, max })
    }
}

impl ServerDistribution {
    fn of(histogram: &ServerHistogram) -> Option<Self> {
        Some(Self {
            n: histogram.count,
            mean: histogram.mean()?,
            p50: histogram.quantile(50)?,
            p95: histogram.quantile(95)?,
            p99: histogram.quantile(99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_a_reading_in_it_has_counts_and_no_levels() {
        let reading = |at_ns, tokens, running| ServerSnapshot {
            at_ns,
            generation_tokens: Some(tokens),
            running: Some(running),
            ..ServerSnapshot::default()
        };
        let (before, within, after) = (reading(0, 5, 0.0), reading(1, 8, 4.0), reading(2, 12, 0.0));
        let of = |readings: &[ServerSnapshot]| ServerSide::of(readings, &[], Completion::Complete);
        let short = of(&[before.clone(), after.clone()]).unwrap();
        assert_eq!((short.running, short.generation_tokens), (None, Some(7)));
        let level = of(&[before.clone(), within, after]).unwrap().running;
        assert_eq!(level, Some(Level { mean: 4.0, max: 4.0 }));
        assert_eq!(of(&[before]), None);
    }
}
