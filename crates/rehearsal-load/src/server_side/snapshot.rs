//! One reading of the page, under names that do not change with the release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ServerHistogram, page::samples};

/// What the server said at one instant. Several engines are summed, but for the KV cache, where the fullest counts.
/// What a release does not have is `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerSnapshot {
    /// When the page was asked for, counted from the window's start; 0 for the reading before it.
    pub at_ns: u64,
    /// Requests in execution batches.
    pub running: Option<f64>,
    /// Requests that wait to be scheduled.
    pub waiting: Option<f64>,
    /// Share of the KV cache in use, from 0 to 1.
    pub kv_cache_usage: Option<f64>,
    /// Prompt tokens so far, cached ones included.
    pub prompt_tokens: Option<u64>,
    /// Output tokens so far.
    pub generation_tokens: Option<u64>,
    /// Tokens that were looked up in the prefix cache so far.
    pub prefix_cache_queries: Option<u64>,
    /// Those of them that it held.
    pub prefix_cache_hits: Option<u64>,
    /// Preemptions so far.
    pub preemptions: Option<u64>,
    /// Requests that ended so far, for whatever reason.
    pub finished: Option<u64>,
    /// Time to first token, in seconds.
    pub ttft_s: Option<ServerHistogram>,
    /// Time between tokens, in seconds.
    pub itl_s: Option<ServerHistogram>,
    /// Latency of whole requests, in seconds.
    pub e2el_s: Option<ServerHistogram>,
    /// Time in the queue, in seconds.
    pub queue_s: Option<ServerHistogram>,
}

impl ServerSnapshot {
    /// Reads a page; `None` if it has none of vLLM's families.
    ///
    /// Names of vLLM 0.9.2 to 0.33.0: `gpu_cache_usage_perc` until 0.12, and `time_per_output_token_seconds`
    /// before there was `inter_token_latency_seconds` (`vllm/v1/metrics/loggers.py`).
    ///
    /// ```
    /// use rehearsal_load::server_side::ServerSnapshot;
    ///
    /// let page = "vllm:num_requests_running{engine=\"0\"} 3.0\nvllm:generation_tokens_total{engine=\"0\"} 120.0\n";
    /// let snapshot = ServerSnapshot::read(page, 0).expect("vLLM's page");
    /// assert_eq!((snapshot.running, snapshot.generation_tokens), (Some(3.0), Some(120)));
    /// ```
    #[must_use]
    pub fn read(page: &str, at_ns: u64) -> Option<Self> {
        let mut read = Self { at_ns, ..Self::default() };
        let mut older_itl = None;
        for sample in samples(page) {
            let value = sample.value;
            let name = sample.name.strip_prefix("vllm:").unwrap_or_default();
            match name.strip_suffix("_total").unwrap_or(name) {
                "num_requests_running" => sum(&mut read.running, value),
                "num_requests_waiting" => sum(&mut read.waiting, value),
                "kv_cache_usage_perc" | "gpu_cache_usage_perc" => {
                    read.kv_cache_usage = Some(read.kv_cache_usage.map_or(value, |most| most.max(value)));
                }
                "prompt_tokens" => count(&mut read.prompt_tokens, value),
                "generation_tokens" => count(&mut read.generation_tokens, value),
                "prefix_cache_queries" => count(&mut read.prefix_cache_queries, value),
                "prefix_cache_hits" => count(&mut read.prefix_cache_hits, value),
                "num_preemptions" => count(&mut read.preemptions, value),
                "request_success" => count(&mut read.finished, value),
                _ => {
                    let Some((family, part)) = name.rsplit_once('_') else { continue };
                    let histogram = match family {
                        "time_to_first_token_seconds" => &mut read.ttft_s,
                        "inter_token_latency_seconds" => &mut read.itl_s,
                        "time_per_output_token_seconds" => &mut older_itl,
                        "e2e_request_latency_seconds" => &mut read.e2el_s,
                        "request_queue_time_seconds" => &mut read.queue_s,
                        _ => continue,
                    };
                    match part {
                        "count" => histogram.get_or_insert_default().count += whole(value),
                        "sum" => histogram.get_or_insert_default().sum += value,
                        "bucket" => {
                            let bound: Option<f64> = sample.label("le").and_then(|bound| bound.parse().ok());
                            if let Some(bound) = bound.filter(|bound| bound.is_finite()) {
                                histogram.get_or_insert_default().add_bucket(bound, whole(value));
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        read.itl_s = read.itl_s.or(older_itl);
        (read != Self { at_ns, ..Self::default() }).then_some(read)
    }

    /// Whether the server has nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        [self.running, self.waiting].iter().flatten().sum::<f64>() == 0.0
    }
}

fn sum(total: &mut Option<f64>, value: f64) {
    *total = Some(total.unwrap_or(0.0) + value);
}

fn count(total: &mut Option<u64>, value: f64) {
    *total = Some(total.unwrap_or(0) + whole(value));
}

/// Counts are written as floats, exact up to 2^53.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_summed_but_for_the_fullest_cache() {
        let page = "vllm:num_requests_waiting{engine=\"0\"} 3.0\nvllm:num_requests_waiting{engine=\"1\"} 4.0\n\
                    vllm:gpu_cache_usage_perc{engine=\"0\"} 0.25\nvllm:gpu_cache_usage_perc{engine=\"1\"} 0.5\n\
                    vllm:request_success_total{finished_reason=\"stop\"} 3.0\n\
                    vllm:request_success_total{finished_reason=\"length\"} 1.0\n\
                    vllm:request_queue_time_seconds_bucket{engine=\"0\",le=\"0.3\"} 2.0\n\
                    vllm:request_queue_time_seconds_bucket{engine=\"1\",le=\"0.3\"} 1.0\n\
                    vllm:request_queue_time_seconds_bucket{engine=\"0\",le=\"+Inf\"} 2.0\n\
                    vllm:request_queue_time_seconds_count{engine=\"0\"} 2.0\n\
                    vllm:request_queue_time_seconds_count{engine=\"1\"} 1.0\n\
                    vllm:request_queue_time_seconds_sum{engine=\"0\"} 0.5\n\
                    vllm:request_queue_time_seconds_created{engine=\"0\"} 1.7e9\n";
        let expect = ServerSnapshot {
            at_ns: 7,
            waiting: Some(7.0),
            kv_cache_usage: Some(0.5),
            finished: Some(4),
            queue_s: Some(ServerHistogram { buckets: vec![(0.3, 3)], count: 3, sum: 0.5 }),
            ..ServerSnapshot::default()
        };
        assert_eq!(ServerSnapshot::read(page, 7), Some(expect));
        assert_eq!(ServerSnapshot::read("python_info{version=\"3.12\"} 1.0\n", 7), None);
    }
}
