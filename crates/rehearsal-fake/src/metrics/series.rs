//! What a family of the page counts, read from what the engine's events have brought.

use serde::Deserialize;

use super::{engine::EngineMetrics, histogram::Histogram};
use crate::engine::FinishReason;

/// The figure behind a family; the names are those of `families.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Series {
    /// Always 0: what this server does not have, such as a KV connector or a model of its own arithmetic.
    None,
    Running,
    Waiting,
    SleepState,
    KvCacheUsage,
    CacheConfig,
    PrefixCacheQueries,
    PrefixCacheHits,
    MmCacheQueries,
    MmCacheHits,
    Preemptions,
    PromptTokens,
    PromptTokensBySource,
    CachedPromptTokens,
    GenerationTokens,
    RequestSuccess,
    AdmissionRejections,
    RequestPromptTokens,
    RequestGenerationTokens,
    IterationTokens,
    IterationComputedTokens,
    RequestMaxGenerationTokens,
    RequestParamsN,
    RequestParamsMaxTokens,
    TimeToFirstToken,
    InterTokenLatency,
    TimePerOutputToken,
    E2eLatency,
    QueueTime,
    InferenceTime,
    PrefillTime,
    DecodeTime,
    RequestPreemptions,
    RequestPrefillComputedTokens,
}

impl Series {
    /// The value of a gauge or counter; `of` is the value of the label that tells its samples apart, empty where there is none.
    pub(super) fn value(self, metrics: &EngineMetrics, of: &str) -> f64 {
        let stats = &metrics.stats;
        let counters = &stats.counters;
        let count = match (self, of) {
            (Self::KvCacheUsage, _) => return stats.kv_cache_usage,
            (Self::Running, _) => stats.running as u64,
            // requests wait for room alone: nothing here defers them
            (Self::Waiting, "" | "capacity") => stats.waiting as u64,
            (Self::SleepState, "awake") => u64::from(metrics.sleep_level() == 0),
            (Self::SleepState, "weights_offloaded") => u64::from(metrics.sleep_level() == 1),
            (Self::SleepState, "discard_all") => u64::from(1 < metrics.sleep_level()),
            (Self::MmCacheQueries, _) => metrics.images().0,
            (Self::MmCacheHits, _) => metrics.images().1,
            (Self::PrefixCacheQueries, _) => counters.prefix_cache_queries,
            (Self::PrefixCacheHits, "" | "device") => counters.prefix_cache_hits,
            (Self::Preemptions, _) => counters.preemptions,
            (Self::PromptTokens, _) => counters.prompt_tokens,
            (Self::PromptTokensBySource, "local_compute") => counters.prompt_tokens - counters.cached_prompt_tokens,
            (Self::PromptTokensBySource, "local_cache_hit") | (Self::CachedPromptTokens, _) => {
                counters.cached_prompt_tokens
            }
            (Self::GenerationTokens, _) => counters.generation_tokens,
            (Self::RequestSuccess, reason) => reason_named(reason).map_or(0, |reason| metrics.finished_with(reason)),
            (Self::AdmissionRejections, reason) => metrics.rejections(reason),
            _ => 0,
        };
        count as f64
    }

    /// The histogram of a family of that kind.
    pub(super) fn histogram(self, metrics: &EngineMetrics) -> Option<&Histogram> {
        Some(match self {
            Self::RequestPromptTokens => &metrics.prompt_tokens,
            Self::RequestGenerationTokens => &metrics.generation_tokens,
            Self::IterationTokens => &metrics.iteration_tokens,
            Self::IterationComputedTokens => &metrics.iteration_computed_tokens,
            Self::RequestMaxGenerationTokens => &metrics.max_generation_tokens,
            Self::RequestParamsN => &metrics.params_n,
            Self::RequestParamsMaxTokens => &metrics.params_max_tokens,
            Self::TimeToFirstToken => &metrics.ttft,
            Self::InterTokenLatency => &metrics.itl,
            Self::TimePerOutputToken => &metrics.tpot,
            Self::E2eLatency => &metrics.e2e,
            Self::QueueTime => &metrics.queue,
            Self::InferenceTime => &metrics.inference,
            Self::PrefillTime => &metrics.prefill,
            Self::DecodeTime => &metrics.decode,
            Self::RequestPreemptions => &metrics.preemptions,
            Self::RequestPrefillComputedTokens => &metrics.prefill_computed,
            _ => return None,
        })
    }
}

fn reason_named(name: &str) -> Option<FinishReason> {
    Some(match name {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "abort" => FinishReason::Abort,
        "error" => FinishReason::Error,
        // `repetition` ends requests that ask vLLM to watch for it, which the engine does not
        _ => return None,
    })
}
