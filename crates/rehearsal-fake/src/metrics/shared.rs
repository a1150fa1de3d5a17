//! The metrics of one server, behind locks that are held for a few additions at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    engine::EngineMetrics,
    http::{Answered, HttpMetrics},
    text::{Exposition, Label},
};
use crate::{
    driver::{Submitted, Ticket},
    engine::{EngineConfig, EngineStats, Event},
};

/// Written by the driver and the routes, read by `/metrics`. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Mutex<EngineMetrics>,
    http: Mutex<HttpMetrics>,
    model: String,
    cache: CacheConfig,
    /// Since the epoch, in seconds.
    started: f64,
}

/// The settings that `vllm:cache_config_info` shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CacheConfig {
    pub(crate) block_size: u32,
    pub(crate) num_gpu_blocks: u32,
    pub(crate) gpu_memory_utilization: f64,
    pub(crate) enable_prefix_caching: bool,
}

impl Metrics {
    pub(crate) fn new(model: &str, config: &EngineConfig, gpu_memory_utilization: f64, started: f64) -> Self {
        let cache = CacheConfig {
            block_size: config.block_size,
            num_gpu_blocks: config.num_gpu_blocks,
            gpu_memory_utilization,
            enable_prefix_caching: config.enable_prefix_caching,
        };
        Self(Arc::new(Inner {
            engine: Mutex::new(EngineMetrics::new(config.max_model_len)),
            http: Mutex::default(),
            model: model.to_owned(),
            cache,
            started,
        }))
    }

    /// The engine took a request.
    pub(crate) fn submitted(&self, submitted: Submitted) {
        lock(&self.0.engine).submitted(submitted);
    }

    /// The engine's events of one wake-up.
    pub(crate) fn happened(&self, events: &[(Event, Option<(Ticket, u32)>)], stats: &EngineStats) {
        lock(&self.0.engine).happened(events, stats);
    }

    /// A route answered.
    pub(crate) fn answered(&self, answered: Answered<'_>) {
        lock(&self.0.http).answered(answered);
    }

    /// The page that `/metrics` shows.
    pub(crate) fn text(&self) -> String {
        let mut page = Exposition::new(self.0.started);
        let cache = self.0.cache.labels();
        let cache: Vec<Label<'_>> = cache.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lock(&self.0.engine).write(&mut page, &self.0.model, &cache);
        lock(&self.0.http).write(&mut page);
        page.finish()
    }
}

impl CacheConfig {
    /// The labels of vLLM 0.13.0 on a GPU.
    fn labels(self) -> Vec<(&'static str, String)> {
        let none = || "None".to_owned();
        let python = |value: bool| if value { "True" } else { "False" }.to_owned();
        vec![
            ("block_size", self.block_size.to_string()),
            ("cache_dtype", "auto".to_owned()),
            ("calculate_kv_scales", python(false)),
            ("cpu_kvcache_space_bytes", none()),
            ("cpu_offload_gb", "0".to_owned()),
            ("enable_prefix_caching", python(self.enable_prefix_caching)),
            ("engine", "0".to_owned()),
            ("gpu_memory_utilization", self.gpu_memory_utilization.to_string()),
            ("is_attention_free", python(false)),
            ("kv_cache_memory_bytes", none()),
            ("kv_offloading_backend", none()),
            ("kv_offloading_size", none()),
            ("kv_sharing_fast_prefill", python(false)),
            ("mamba_block_size", none()),
            ("mamba_cache_dtype", "auto".to_owned()),
            ("mamba_page_size_padded", none()),
            ("mamba_ssm_cache_dtype", "auto".to_owned()),
            ("num_cpu_blocks", none()),
            ("num_gpu_blocks", self.num_gpu_blocks.to_string()),
            ("num_gpu_blocks_override", none()),
            ("prefix_caching_hash_algo", "sha256".to_owned()),
            ("sliding_window", none()),
            ("swap_space", "4".to_owned()),
        ]
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
