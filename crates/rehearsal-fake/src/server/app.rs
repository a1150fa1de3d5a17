//! What the routes share.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    api::FrontendOptions,
    chat_template::ChatTemplate,
    driver::{EngineHandle, Lateness, LatenessLog, WallClock},
    fault::Faults,
    journal::Journal,
    log::Log,
    metrics::Metrics,
    multimodal::VisionTower,
    server::Admission,
    text::TextModel,
    tokenizer::Tokenizer,
    version::VllmVersion,
};

/// Whether answered requests are logged (`--disable-uvicorn-access-log`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessLog {
    /// A line each.
    #[default]
    On,
    /// None.
    Off,
}

/// Whether throughput is logged every ten seconds (`--disable-log-stats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatsLog {
    /// It is.
    #[default]
    On,
    /// It is not.
    Off,
}

/// One server's state. Nothing in it waits, and whatever changes has its own lock.
pub(crate) struct App {
    /// The way to the engine.
    pub(crate) engine: EngineHandle,
    pub(crate) tokenizer: Tokenizer,
    /// Ids that the model has, padding of its embedding included: prompts may use them.
    pub(crate) vocab_size: u32,
    pub(crate) chat_template: ChatTemplate,
    pub(crate) text: Arc<dyn TextModel>,
    pub(crate) frontend: FrontendOptions,
    /// The version answered as.
    pub(crate) version: VllmVersion,
    pub(crate) metrics: Metrics,
    pub(crate) log: Log,
    pub(crate) access_log: AccessLog,
    pub(crate) journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) lateness: Arc<Mutex<LatenessLog>>,
    /// What sees images, if the model does.
    pub(crate) vision: Option<VisionTower>,
    pub(crate) max_model_len: u32,
    /// Tokens of a KV block that others can find again; `None` without a prefix cache.
    pub(crate) cached_block: Option<u32>,
    pub(crate) tensor_parallel: u32,
    /// `None` when the queue has no bounds.
    pub(crate) admission: Option<Admission>,
    pub(crate) seed: u64,
    /// Stamps answers.
    pub(crate) clock: WallClock,
}

impl App {
    /// How late the driver was.
    pub(crate) fn lateness(&self) -> Lateness {
        self.lateness.lock().unwrap_or_else(PoisonError::into_inner).summary()
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("frontend", &self.frontend).field("version", &self.version).finish_non_exhaustive()
    }
}
