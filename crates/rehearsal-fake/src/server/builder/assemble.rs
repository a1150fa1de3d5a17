//! Everything of a server but its doors: engine, driver and router, made of the settings or refused.

use std::sync::Arc;

use axum::Router;
use tokio::task::JoinSet;

use super::{
    super::{Admission, App, StartError, edge, handle::Running, observer::Watch},
    FakeVllmBuilder, MemoryCheck, Vision,
};
use crate::{
    api,
    chat_template::ChatTemplate,
    driver::{Clock, Driver, LatenessLog, WallClock},
    engine::{Engine, EngineConfig},
    fault::Faults,
    journal::Journal,
    metrics::{CacheConfig, FamilyTable, Metrics, ServedModel},
    multimodal::VisionTower,
    mutant,
    profile::Profile,
    usage::UsageReporting,
    version::{ForceIncludeUsage, Frontend, QueueLimits, ReplyParsing, Wire},
};

/// The profile unless another is given: no machine, and no waiting.
const DEFAULT_PROFILE: &str = "instant";

/// A server before its doors are open.
pub(super) struct Assembled {
    pub(super) running: Arc<Running>,
    pub(super) router: Router,
    pub(super) config: EngineConfig,
}

impl FakeVllmBuilder {
    /// Everything but the doors.
    pub(super) fn assemble(self) -> Result<Assembled, StartError> {
        if self.frontend.served_model_names.is_empty() {
            return Err(StartError::NoModelName);
        }
        let wire = Wire::of(self.version)?;
        let refused = wire.features.force_include_usage == ForceIncludeUsage::Refused;
        if refused && self.frontend.usage_reporting == UsageReporting::Forced {
            return Err(StartError::Flag { flag: "--enable-force-include-usage", version: self.version });
        }
        let profile = self.profile.unwrap_or_else(default_profile);
        if self.memory_check == MemoryCheck::On {
            profile.start_plan()?;
        }
        let tokenizer = self.tokenizer.unwrap_or_default();
        let mut config = profile.engine_config()?;
        config.seed = self.seed;
        config.vocabulary = tokenizer.vocabulary();
        config.vocabulary.size = self.vocab_size.unwrap_or(config.vocabulary.size).max(config.vocabulary.size);
        for change in self.configure {
            change(&mut config);
        }
        let model = self.frontend.model_name().to_owned();
        let clock = Arc::new(Clock::start(self.pacing)?);
        let wall = WallClock::start(Arc::clone(&clock), self.started_at);
        let cache = CacheConfig {
            block_size: config.block_size,
            num_gpu_blocks: config.num_gpu_blocks,
            max_model_len: config.max_model_len,
            gpu_memory_utilization: profile.engine.gpu_memory_utilization,
            enable_prefix_caching: config.enable_prefix_caching,
        };
        let served = ServedModel { name: model, cache, started: wall.started() };
        let metrics = Metrics::new(served, FamilyTable::of(self.version)?);
        let counts_parsers =
            wire.features.reply_parsing == ReplyParsing::Unified && self.version.frontend() == Frontend::Python;
        if counts_parsers && self.frontend.tool_parser().is_some() {
            metrics.count_parsers();
        }
        let journal = Journal::new(self.journal_capacity);
        let lateness = Arc::new(std::sync::Mutex::new(LatenessLog::default()));
        let (vocab_size, max_model_len) = (config.vocabulary.size, config.max_model_len);
        let cached_block = config.enable_prefix_caching.then_some(config.block_size);
        let admission = Admission::new(&self.frontend, metrics.clone());
        if admission.is_some() && wire.features.queue_limits == QueueLimits::Absent {
            return Err(StartError::UnknownFlag {
                flag: "--max-num-queued-reqs",
                version: self.version,
                since: "0.29.0",
            });
        }
        let watch = Watch { metrics: metrics.clone(), journal: journal.clone(), admission: admission.clone() };
        let (driver, engine) = Driver::new(Engine::new(config.clone())?, clock, watch, Arc::clone(&lateness));
        let template = |root: &str| {
            let root = root.to_lowercase();
            if root.contains("qwen2.5") { ChatTemplate::qwen2_5_vl() } else { ChatTemplate::plain() }
        };
        // the tower comes with the model, as its template does
        let sees = self.frontend.model_root.to_lowercase().contains("qwen2.5-vl");
        let vision = match self.vision {
            Vision::OfModel => sees.then(VisionTower::qwen2_5_vl),
            Vision::None => None,
            Vision::Tower(tower) => Some(tower),
        };
        let limited = |tower: VisionTower| VisionTower {
            max_images: self.frontend.max_images.unwrap_or(tower.max_images),
            ..tower
        };
        let vision = vision.map(limited);
        let chat_template = self.chat_template.unwrap_or_else(|| template(&self.frontend.model_root));
        let app = Arc::new(App {
            engine,
            tokenizer,
            vocab_size,
            chat_template: match &vision {
                Some(tower) => chat_template.with_image_placeholder(&tower.placeholder),
                None => chat_template,
            },
            text: self.text,
            frontend: self.frontend,
            version: self.version,
            metrics,
            log: self.log,
            access_log: self.access_log,
            journal,
            faults: Faults::new(self.faults),
            lateness,
            vision,
            max_model_len,
            cached_block,
            tensor_parallel: profile.tensor_parallel,
            admission,
            seed: self.seed,
            clock: wall,
        });
        let router = edge::wrap(api::router(Arc::clone(&app)), &app);
        let router = match self.mutant {
            Some(mutant) => mutant::wrap(router, mutant, app.frontend.max_body_bytes),
            None => router,
        };
        let running = Arc::new(Running { app, tasks: JoinSet::new().into() });
        running.spawn(driver.run());
        Ok(Assembled { running, router, config })
    }
}

pub(super) fn default_profile() -> Profile {
    Profile::builtin(DEFAULT_PROFILE).expect("a test loads every built-in profile")
}
