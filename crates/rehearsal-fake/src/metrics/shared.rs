//! The metrics of one server, behind locks that are held for a few additions at a time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    engine::EngineMetrics,
    http::{Answered, HttpMetrics},
    parsers::{ParserMetrics, ParserMode},
    process::{self, Process},
    table::FamilyTable,
    text::{Exposition, Label},
};
use crate::{
    driver::{Submitted, Ticket},
    engine::{EngineStats, Event},
    tools::Invocations,
    version::Frontend,
};

/// Written by the driver and the routes, read by `/metrics`. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Mutex<EngineMetrics>,
    http: Mutex<HttpMetrics>,
    /// Of a server that counts how often its tool parser is asked.
    parsers: Mutex<Option<ParserMetrics>>,
    served: ServedModel,
    families: FamilyTable,
}

/// The settings that `vllm:cache_config_info` shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CacheConfig {
    pub(crate) block_size: u32,
    pub(crate) num_gpu_blocks: u32,
    pub(crate) max_model_len: u32,
    pub(crate) gpu_memory_utilization: f64,
    pub(crate) enable_prefix_caching: bool,
}

/// What is served, and since when.
#[derive(Clone, Debug)]
pub(crate) struct ServedModel {
    /// The name in the label `model_name`.
    pub(crate) name: String,
    pub(crate) cache: CacheConfig,
    /// When the server started, since the epoch.
    pub(crate) started: Duration,
}

impl Metrics {
    pub(crate) fn new(served: ServedModel, families: FamilyTable) -> Self {
        Self(Arc::new(Inner {
            engine: Mutex::new(EngineMetrics::new(families.frontend, served.cache.max_model_len)),
            http: Mutex::default(),
            parsers: Mutex::default(),
            served,
            families,
        }))
    }

    /// The engine took a request.
    pub(crate) fn submitted(&self, submitted: Submitted) {
        lock(&self.0.engine).submitted(submitted);
    }

    /// The server refused a request for the queue limit of that name.
    pub(crate) fn rejected(&self, limit: &'static str) {
        lock(&self.0.engine).rejected(limit);
    }

    /// The engine's gauges as of the last event.
    pub(crate) fn load(&self) -> EngineStats {
        lock(&self.0.engine).stats
    }

    /// Images were processed, of which so many were known.
    pub(crate) fn images_processed(&self, images: u64, known: u64) {
        lock(&self.0.engine).images_processed(images, known);
    }

    /// The engine sleeps at that level; 0 is awake.
    pub(crate) fn sleeps(&self, level: u32) {
        lock(&self.0.engine).sleeps(level);
    }

    /// The engine's events of one wake-up.
    pub(crate) fn happened(&self, events: &[(Event, Option<(Ticket, u32)>)], stats: &EngineStats) {
        lock(&self.0.engine).happened(events, stats);
    }

    /// The engine's gauges and counters as last told.
    pub(crate) fn engine_stats(&self) -> EngineStats {
        lock(&self.0.engine).stats
    }

    /// A route answered.
    pub(crate) fn answered(&self, answered: Answered<'_>) {
        lock(&self.0.http).answered(answered);
    }

    /// From now on, how often the tool parser is asked is counted and shown.
    pub(crate) fn count_parsers(&self) {
        *lock(&self.0.parsers) = Some(ParserMetrics::default());
    }

    /// A tool parser was asked.
    pub(crate) fn parsed_tools(&self, mode: ParserMode, invocations: Invocations) {
        if let Some(parsers) = lock(&self.0.parsers).as_mut() {
            parsers.parsed(mode, invocations);
        }
    }

    /// The page that `/metrics` shows.
    pub(crate) fn text(&self) -> String {
        let Inner { served, families, .. } = &*self.0;
        if families.frontend == Frontend::Rust {
            return families.open.page(&lock(&self.0.engine), &lock(&self.0.http), &served.name);
        }
        let mut page = Exposition::new(served.started.as_secs_f64());
        process::write(&mut page, &Process::read(), served.started);
        let cache = served.cache.labels(families.cache_config);
        let cache: Vec<Label<'_>> = cache.iter().map(|(name, value)| (*name, value.as_str())).collect();
        lock(&self.0.engine).write(&mut page, families, &served.name, &cache);
        lock(&self.0.http).write(&mut page);
        if let Some(parsers) = lock(&self.0.parsers).as_ref() {
            parsers.write(&mut page, &served.name);
        }
        page.finish()
    }
}

impl CacheConfig {
    /// The labels of a version, from its row of `families.toml`: one a line, as `name=value` with placeholders.
    fn labels(self, row: &'static str) -> Vec<(&'static str, String)> {
        let tokens = u64::from(self.block_size) * u64::from(self.num_gpu_blocks);
        let fill = |value: &str| match value {
            "{block_size}" => self.block_size.to_string(),
            "{num_gpu_blocks}" => self.num_gpu_blocks.to_string(),
            "{gpu_memory_utilization}" => self.gpu_memory_utilization.to_string(),
            "{enable_prefix_caching}" => if self.enable_prefix_caching { "True" } else { "False" }.to_owned(),
            "{kv_cache_size_tokens}" => tokens.to_string(),
            "{kv_cache_max_concurrency}" => format!("{:?}", tokens as f64 / f64::from(self.max_model_len)),
            text => text.to_owned(),
        };
        let own = row.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name, fill(value)));
        own.chain([("engine", "0".to_owned())]).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
