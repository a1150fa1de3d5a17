//! The `vllm:` families, in the order and words of vLLM 0.13.0's page.

use super::{
    engine::EngineMetrics,
    histogram::Histogram,
    text::{Exposition, Label},
};
use crate::engine::{EngineCounters, FinishReason};

/// Name, help text, and where the value comes from.
type CounterFamily = (&'static str, &'static str, fn(&EngineCounters) -> u64);
type HistogramFamily = (&'static str, &'static str, fn(&EngineMetrics) -> &Histogram);

const COUNTERS: [CounterFamily; 9] = [
    ("vllm:prefix_cache_queries", "Prefix cache queries, in terms of number of queried tokens.", |counters| {
        counters.prefix_cache_queries
    }),
    ("vllm:prefix_cache_hits", "Prefix cache hits, in terms of number of cached tokens.", |counters| {
        counters.prefix_cache_hits
    }),
    (
        "vllm:external_prefix_cache_queries",
        "External prefix cache queries from KV connector cross-instance cache sharing, in terms of number of queried tokens.",
        |_| 0,
    ),
    (
        "vllm:external_prefix_cache_hits",
        "External prefix cache hits from KV connector cross-instance cache sharing, in terms of number of cached tokens.",
        |_| 0,
    ),
    ("vllm:mm_cache_queries", "Multi-modal cache queries, in terms of number of queried items.", |_| 0),
    ("vllm:mm_cache_hits", "Multi-modal cache hits, in terms of number of cached items.", |_| 0),
    ("vllm:num_preemptions", "Cumulative number of preemption from the engine.", |counters| counters.preemptions),
    ("vllm:prompt_tokens", "Number of prefill tokens processed.", |counters| counters.prompt_tokens),
    ("vllm:generation_tokens", "Number of generation tokens processed.", |counters| counters.generation_tokens),
];

const HISTOGRAMS: [HistogramFamily; 15] = [
    ("vllm:request_prompt_tokens", "Number of prefill tokens processed.", |metrics| &metrics.prompt_tokens),
    ("vllm:request_generation_tokens", "Number of generation tokens processed.", |metrics| &metrics.generation_tokens),
    ("vllm:iteration_tokens_total", "Histogram of number of tokens per engine_step.", |metrics| {
        &metrics.iteration_tokens
    }),
    (
        "vllm:request_max_num_generation_tokens",
        "Histogram of maximum number of requested generation tokens.",
        |metrics| &metrics.max_generation_tokens,
    ),
    ("vllm:request_params_n", "Histogram of the n request parameter.", |metrics| &metrics.params_n),
    ("vllm:request_params_max_tokens", "Histogram of the max_tokens request parameter.", |metrics| {
        &metrics.params_max_tokens
    }),
    ("vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", |metrics| &metrics.ttft),
    ("vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", |metrics| &metrics.itl),
    (
        "vllm:request_time_per_output_token_seconds",
        "Histogram of time_per_output_token_seconds per request.",
        |metrics| &metrics.tpot,
    ),
    ("vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", |metrics| &metrics.e2e),
    ("vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", |metrics| {
        &metrics.queue
    }),
    ("vllm:request_inference_time_seconds", "Histogram of time spent in RUNNING phase for request.", |metrics| {
        &metrics.inference
    }),
    ("vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", |metrics| {
        &metrics.prefill
    }),
    ("vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", |metrics| {
        &metrics.decode
    }),
    (
        "vllm:request_prefill_kv_computed_tokens",
        "Histogram of new KV tokens computed during prefill (excluding cached tokens).",
        |metrics| &metrics.prefill_computed,
    ),
];

const REASONS: [(FinishReason, &str); 4] = [
    (FinishReason::Stop, "stop"),
    (FinishReason::Length, "length"),
    (FinishReason::Abort, "abort"),
    (FinishReason::Error, "error"),
];

const SLEEP_STATES: [(&str, f64); 3] = [("awake", 1.0), ("weights_offloaded", 0.0), ("discard_all", 0.0)];

impl EngineMetrics {
    /// Writes the families in vLLM's order.
    pub(super) fn write(&self, page: &mut Exposition, model: &str, cache_config: &[Label<'_>]) {
        let labels: &[Label<'_>] = &[("engine", "0"), ("model_name", model)];
        self.write_gauges(page, model);
        for (name, help, value) in COUNTERS {
            page.counter(name, help, &[(labels, value(&self.stats.counters) as f64)]);
        }
        self.write_success(page, model);
        for (name, help, value) in HISTOGRAMS {
            page.histogram(name, help, &[(labels, value(self))]);
        }
        page.gauge("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", &[(cache_config, 1.0)]);
    }

    fn write_gauges(&self, page: &mut Exposition, model: &str) {
        let labels: &[Label<'_>] = &[("engine", "0"), ("model_name", model)];
        let running = self.stats.running as f64;
        page.gauge("vllm:num_requests_running", "Number of requests in model execution batches.", &[(labels, running)]);
        let waiting = self.stats.waiting as f64;
        page.gauge("vllm:num_requests_waiting", "Number of requests waiting to be processed.", &[(labels, waiting)]);
        let states = SLEEP_STATES.map(|(state, _)| [("engine", "0"), ("model_name", model), ("sleep_state", state)]);
        let samples: Vec<(&[Label<'_>], f64)> =
            states.iter().zip(SLEEP_STATES).map(|(labels, (_, value))| (labels.as_slice(), value)).collect();
        page.gauge(
            "vllm:engine_sleep_state",
            "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake; weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2.",
            &samples,
        );
        let usage = self.stats.kv_cache_usage;
        page.gauge("vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", &[(labels, usage)]);
    }

    fn write_success(&self, page: &mut Exposition, model: &str) {
        let labels = REASONS.map(|(_, name)| [("engine", "0"), ("finished_reason", name), ("model_name", model)]);
        let samples: Vec<(&[Label<'_>], f64)> = labels
            .iter()
            .zip(REASONS)
            .map(|(labels, (reason, _))| (labels.as_slice(), self.success.get(&reason).copied().unwrap_or(0) as f64))
            .collect();
        page.counter("vllm:request_success", "Count of successfully processed requests.", &samples);
    }
}
