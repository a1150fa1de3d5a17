//! The `vllm:` families, in the order and words of vLLM 0.13.0's page.

use super::{
    engine::EngineMetrics,
    histogram::Histogram,
    text::{Exposition, Label},
};
use crate::engine::FinishReason;

impl EngineMetrics {
    /// Writes the families in vLLM's order.
    pub(crate) fn write(&self, page: &mut Exposition, model: &str, cache_config: &[Label<'_>]) {
        let labels: &[Label<'_>] = &[("engine", "0"), ("model_name", model)];
        let counters = &self.stats.counters;
        let gauge = |page: &mut Exposition, name: &str, help: &str, value: f64| page.gauge(name, help, &[(labels, value)]);
        let counter = |page: &mut Exposition, name: &str, help: &str, value: u64| page.counter(name, help, &[(labels, value as f64)]);
        let histogram = |page: &mut Exposition, name: &str, help: &str, value: &Histogram| page.histogram(name, help, &[(labels, value)]);

        gauge(page, "vllm:num_requests_running", "Number of requests in model execution batches.", self.stats.running as f64);
        gauge(page, "vllm:num_requests_waiting", "Number of requests waiting to be processed.", self.stats.waiting as f64);
        let state = |name| [("engine", "0"), ("model_name", model), ("sleep_state", name)];
        let (awake, offloaded, discarded) = (state("awake"), state("weights_offloaded"), state("discard_all"));
        page.gauge(
            "vllm:engine_sleep_state",
            "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake; weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2.",
            &[(&awake, 1.0), (&offloaded, 0.0), (&discarded, 0.0)],
        );
        gauge(page, "vllm:kv_cache_usage_perc", "KV-cache usage. 1 means 100 percent usage.", self.stats.kv_cache_usage);
        counter(page, "vllm:prefix_cache_queries", "Prefix cache queries, in terms of number of queried tokens.", counters.prefix_cache_queries);
        counter(page, "vllm:prefix_cache_hits", "Prefix cache hits, in terms of number of cached tokens.", counters.prefix_cache_hits);
        counter(page, "vllm:external_prefix_cache_queries", "External prefix cache queries from KV connector cross-instance cache sharing, in terms of number of queried tokens.", 0);
        counter(page, "vllm:external_prefix_cache_hits", "External prefix cache hits from KV connector cross-instance cache sharing, in terms of number of cached tokens.", 0);
        counter(page, "vllm:mm_cache_queries", "Multi-modal cache queries, in terms of number of queried items.", 0);
        counter(page, "vllm:mm_cache_hits", "Multi-modal cache hits, in terms of number of cached items.", 0);
        counter(page, "vllm:num_preemptions", "Cumulative number of preemption from the engine.", counters.preemptions);
        counter(page, "vllm:prompt_tokens", "Number of prefill tokens processed.", counters.prompt_tokens);
        counter(page, "vllm:generation_tokens", "Number of generation tokens processed.", counters.generation_tokens);
        self.write_success(page, model);
        histogram(page, "vllm:request_prompt_tokens", "Number of prefill tokens processed.", &self.prompt_tokens);
        histogram(page, "vllm:request_generation_tokens", "Number of generation tokens processed.", &self.generation_tokens);
        histogram(page, "vllm:iteration_tokens_total", "Histogram of number of tokens per engine_step.", &self.iteration_tokens);
        histogram(page, "vllm:request_max_num_generation_tokens", "Histogram of maximum number of requested generation tokens.", &self.max_generation_tokens);
        histogram(page, "vllm:request_params_n", "Histogram of the n request parameter.", &self.params_n);
        histogram(page, "vllm:request_params_max_tokens", "Histogram of the max_tokens request parameter.", &self.params_max_tokens);
        histogram(page, "vllm:time_to_first_token_seconds", "Histogram of time to first token in seconds.", &self.ttft);
        histogram(page, "vllm:inter_token_latency_seconds", "Histogram of inter-token latency in seconds.", &self.itl);
        histogram(page, "vllm:request_time_per_output_token_seconds", "Histogram of time_per_output_token_seconds per request.", &self.tpot);
        histogram(page, "vllm:e2e_request_latency_seconds", "Histogram of e2e request latency in seconds.", &self.e2e);
        histogram(page, "vllm:request_queue_time_seconds", "Histogram of time spent in WAITING phase for request.", &self.queue);
        histogram(page, "vllm:request_inference_time_seconds", "Histogram of time spent in RUNNING phase for request.", &self.inference);
        histogram(page, "vllm:request_prefill_time_seconds", "Histogram of time spent in PREFILL phase for request.", &self.prefill);
        histogram(page, "vllm:request_decode_time_seconds", "Histogram of time spent in DECODE phase for request.", &self.decode);
        histogram(
            page,
            "vllm:request_prefill_kv_computed_tokens",
            "Histogram of new KV tokens computed during prefill (excluding cached tokens).",
            &self.prefill_computed,
        );
        page.gauge("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", &[(cache_config, 1.0)]);
    }

    fn write_success(&self, page: &mut Exposition, model: &str) {
        const REASONS: [(FinishReason, &str); 4] = [
            (FinishReason::Stop, "stop"),
            (FinishReason::Length, "length"),
            (FinishReason::Abort, "abort"),
            (FinishReason::Error, "error"),
        ];
        let labels = REASONS.map(|(_, name)| [("engine", "0"), ("finished_reason", name), ("model_name", model)]);
        let samples: Vec<(&[Label<'_>], f64)> = labels
            .iter()
            .zip(REASONS)
            .map(|(labels, (reason, _))| (labels.as_slice(), self.success.get(&reason).copied().unwrap_or(0) as f64))
            .collect();
        page.counter("vllm:request_success", "Count of successfully processed requests.", &samples);
    }
}
