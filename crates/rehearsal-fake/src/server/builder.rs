//! Settings of a fake server before it starts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    AccessLog, Admission, App, Connector, FakeVllm, StartError, StatsLog, Tls,
    door::Place,
    edge,
    handle::{Doors, Running},
    listen::{self, Serving},
    observer::Watch,
    stats_log,
};
use crate::{
    api::{self, FrontendOptions, PromptTokensDetails},
    chat_template::ChatTemplate,
    driver::{Clock, Driver, LatenessLog, Pacing, WallClock},
    engine::{Engine, EngineConfig},
    fault::{FaultRule, Faults},
    journal::Journal,
    log::{Log, LogLine},
    metrics::{CacheConfig, FamilyTable, Metrics, ServedModel},
    multimodal::VisionTower,
    profile::Profile,
    startup::{self, Facts},
    text::{Filler, TextModel},
    tokenizer::Tokenizer,
    usage::UsageReporting,
    version::{ForceIncludeUsage, Frontend, QueueLimits, ReplyParsing, VllmVersion, Wire},
};

/// The model's name unless another is given.
const DEFAULT_MODEL: &str = "rehearsal";

/// The profile unless another is given: no machine, and no waiting.
const DEFAULT_PROFILE: &str = "instant";

/// Requests that the journal keeps unless told otherwise.
const JOURNAL_CAPACITY: usize = 100_000;

type Configure = Box<dyn FnOnce(&mut EngineConfig) + Send>;

/// Settings of a [`FakeVllm`] before it starts; what is not set is as in vLLM.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rehearsal_fake::{FakeVllm, Pacing, profile::Profile};
///
/// let fake = FakeVllm::builder()
///     .model("Qwen/Qwen2.5-VL-72B-Instruct")
///     .profile(Profile::builtin("report-tp2")?)
///     .pacing(Pacing::Scaled(1000.0))
///     .start()
///     .await?;
/// assert!(fake.addr().is_some());
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until it starts"]
pub struct FakeVllmBuilder {
    place: Place,
    tls: Option<Tls>,
    log: Log,
    access_log: AccessLog,
    stats_log: StatsLog,
    startup_time: Duration,
    profile: Option<Profile>,
    configure: Vec<Configure>,
    memory_check: MemoryCheck,
    pacing: Pacing,
    seed: u64,
    tokenizer: Option<Tokenizer>,
    vocab_size: Option<u32>,
    chat_template: Option<ChatTemplate>,
    vision: Vision,
    text: Arc<dyn TextModel>,
    version: VllmVersion,
    frontend: FrontendOptions,
    faults: Vec<FaultRule>,
    journal_capacity: usize,
    started_at: Option<Duration>,
}

/// Whether the server refuses to start where vLLM would run out of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryCheck {
    /// It starts anyway.
    #[default]
    Off,
    /// It refuses with vLLM's own sentence ([`StartError::Refused`]).
    On,
}

impl FakeVllmBuilder {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Tcp((Ipv4Addr::LOCALHOST, 0).into()),
            tls: None,
            log: Log::default(),
            access_log: AccessLog::On,
            stats_log: StatsLog::On,
            startup_time: Duration::ZERO,
            profile: None,
            configure: Vec::new(),
            memory_check: MemoryCheck::Off,
            pacing: Pacing::RealTime,
            seed: 0,
            tokenizer: None,
            vocab_size: None,
            chat_template: None,
            vision: Vision::OfModel,
            text: Arc::new(Filler::endless()),
            version: VllmVersion::default(),
            frontend: FrontendOptions::for_model(DEFAULT_MODEL),
            faults: Vec::new(),
            journal_capacity: JOURNAL_CAPACITY,
            started_at: None,
        }
    }

    /// The model, under whose name it is served, too (vLLM's positional argument).
    pub fn model(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.frontend.model_root.clone_from(&name);
        self.frontend.served_model_names = vec![name];
        self
    }

    /// Other names to serve the model under (`--served-model-name`); answers carry the first.
    pub fn served_model_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.frontend.served_model_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// The machine, the model on it and the engine's settings.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Changes the engine's settings after the profile has had its say, such as `max_num_seqs`.
    pub fn engine(mut self, change: impl FnOnce(&mut EngineConfig) + Send + 'static) -> Self {
        self.configure.push(Box::new(change));
        self
    }

    /// `--max-model-len`.
    pub fn max_model_len(self, tokens: u32) -> Self {
        self.engine(move |config| config.max_model_len = tokens)
    }

    /// `--max-num-seqs`.
    pub fn max_num_seqs(self, requests: u32) -> Self {
        self.engine(move |config| config.max_num_seqs = requests)
    }

    /// `--max-num-batched-tokens`.
    pub fn max_num_batched_tokens(self, tokens: u32) -> Self {
        self.engine(move |config| config.max_num_batched_tokens = tokens)
    }

    /// Whether to refuse where vLLM would run out of memory at start-up; by default it starts.
    pub fn memory_check(mut self, check: MemoryCheck) -> Self {
        self.memory_check = check;
        self
    }

    /// How fast the engine's time passes.
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Seed of all draws and of generated ids; equal seeds and requests make equal answers.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The model's tokenizer, for exact counts.
    pub fn tokenizer(mut self, tokenizer: Tokenizer) -> Self {
        self.tokenizer = Some(tokenizer);
        self
    }

    /// Ids that the model has when its embedding is padded beyond the tokenizer's; prompts may use them.
    pub fn vocab_size(mut self, ids: u32) -> Self {
        self.vocab_size = Some(ids);
        self
    }

    /// The model's chat template; by default Qwen2.5's for models of that name and plain `ChatML` for others.
    pub fn chat_template(mut self, template: ChatTemplate) -> Self {
        self.chat_template = Some(template);
        self
    }

    /// The model's vision tower, or `None` for a model of text; by default Qwen2.5-VL's for models of that name.
    pub fn vision(mut self, tower: impl Into<Option<VisionTower>>) -> Self {
        self.vision = tower.into().map_or(Vision::None, Vision::Tower);
        self
    }

    /// What the model says; closures `Fn(&TextRequest<'_>) -> Continuation` are accepted.
    pub fn text(mut self, model: impl TextModel + 'static) -> Self {
        self.text = Arc::new(model);
        self
    }

    /// The vLLM answered as.
    pub fn vllm_version(mut self, version: VllmVersion) -> Self {
        self.version = version;
        self
    }

    /// All settings of the HTTP frontend at once.
    pub fn frontend(mut self, options: FrontendOptions) -> Self {
        self.frontend = options;
        self
    }

    /// `--enable-force-include-usage`.
    pub fn force_include_usage(mut self) -> Self {
        self.frontend.usage_reporting = UsageReporting::Forced;
        self
    }

    /// `--enable-prompt-tokens-details`.
    pub fn prompt_tokens_details(mut self) -> Self {
        self.frontend.prompt_tokens_details = PromptTokensDetails::Shown;
        self
    }

    /// `--api-key`; may be given several times.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.frontend.api_keys.push(key.into());
        self
    }

    /// Something that goes wrong; of several rules that match the first wins.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// Where to listen; by default a free port of the loopback.
    pub fn bind(mut self, address: impl Into<SocketAddr>) -> Self {
        self.place = Place::Tcp(address.into());
        self
    }

    /// A Unix socket to listen on, in place of an address (`--uds`).
    pub fn bind_unix(mut self, path: impl Into<PathBuf>) -> Self {
        self.place = Place::Unix(path.into());
        self
    }

    /// HTTPS over the network; in memory it stays HTTP.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Who gets the lines that vLLM's processes would log.
    pub fn log(mut self, sink: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        self.log = Log::new(sink);
        self
    }

    /// Whether the log has a line for each request that is answered.
    pub fn access_log(mut self, access_log: AccessLog) -> Self {
        self.access_log = access_log;
        self
    }

    /// Whether the log has a line about throughput every ten seconds.
    pub fn stats_log(mut self, stats_log: StatsLog) -> Self {
        self.stats_log = stats_log;
        self
    }

    /// How long [`Self::start`] takes, during which connections are refused; by default no time at all.
    pub fn startup_time(mut self, takes: Duration) -> Self {
        self.startup_time = takes;
        self
    }

    /// How many requests the journal keeps.
    pub fn journal_capacity(mut self, requests: usize) -> Self {
        self.journal_capacity = requests;
        self
    }

    /// What `created` and `date` start from, since the epoch; by default the present.
    pub fn started_at(mut self, since_epoch: Duration) -> Self {
        self.started_at = Some(since_epoch);
        self
    }

    /// Starts listening over the network.
    pub async fn start(mut self) -> Result<FakeVllm, StartError> {
        if self.pacing == Pacing::Virtual {
            return Err(StartError::VirtualOverTcp);
        }
        let wire = Wire::of(self.version)?;
        let bound = self.place.bind()?;
        let (address, tls) = (bound.address(), self.tls.take().map(|tls| tls.acceptor()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base_url = match (address, bound.path()) {
            (Some(address), _) => format!("{scheme}://{address}"),
            // curl's way to name a host that is reached through a socket
            (None, _) => format!("{scheme}://localhost"),
        };
        let reached = bound.path().map_or_else(|| base_url.clone(), |path| format!("unix:{}", path.display()));
        let (log, takes, stats) = (self.log.clone(), self.startup_time, self.stats_log);
        let (version, model) = (self.version, self.frontend.model_root.clone());
        let profile = self.profile.get_or_insert_with(default_profile).clone();
        let refusal = if self.memory_check == MemoryCheck::On { profile.start_plan().err() } else { None };
        let facts = Facts {
            version,
            wording: wire.features.startup_log,
            model: &model,
            profile: &profile,
            url: reached,
            takes,
        };
        if let Some(refusal) = refusal {
            startup::run(&startup::refused(&facts, &refusal), takes, &log).await;
            return Err(refusal.into());
        }
        let Assembled { running, router, config } = self.assemble()?;
        startup::run(&startup::phases(&facts, &config), takes, &log).await;
        let door = bound.open()?;
        let (closing, receiver) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let serving = Serving { router, closing: receiver, alive };
        running.spawn(listen::network(door, tls, serving.clone()));
        if log.is_heard() && stats == StatsLog::On {
            running.spawn(stats_log::run(Arc::clone(&running.app)));
        }
        log.line(&startup::complete());
        let connector = connect(&running, serving);
        Ok(FakeVllm::new(running, Doors { base_url, address, connector, closing, alive: ended }))
    }

    /// Starts in memory, as tasks on the caller's runtime.
    pub fn start_in_memory(self) -> Result<FakeVllm, StartError> {
        let Assembled { running, router, .. } = self.assemble()?;
        let (closing, receiver) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let serving = Serving { router, closing: receiver, alive };
        // a client needs some authority in memory, too; this name never resolves (RFC 2606)
        let base_url = "http://rehearsal.invalid".to_owned();
        let connector = connect(&running, serving);
        Ok(FakeVllm::new(running, Doors { base_url, address: None, connector, closing, alive: ended }))
    }

    /// Starts as a service for tower and axum users; it runs while the router lives.
    pub fn into_router(self) -> Result<Router, StartError> {
        let Assembled { running, router, .. } = self.assemble()?;
        Ok(router.layer(Extension(running)))
    }

    /// Everything but the doors.
    fn assemble(self) -> Result<Assembled, StartError> {
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
        let running = Arc::new(Running { app, tasks: JoinSet::new().into() });
        running.spawn(driver.run());
        Ok(Assembled { running, router, config })
    }
}

/// What sees images.
#[derive(Debug)]
enum Vision {
    /// What the model's name says.
    OfModel,
    /// Nothing.
    None,
    /// This.
    Tower(VisionTower),
}

/// A server before its doors are open.
struct Assembled {
    running: Arc<Running>,
    router: Router,
    config: EngineConfig,
}

fn default_profile() -> Profile {
    Profile::builtin(DEFAULT_PROFILE).expect("a test loads every built-in profile")
}

/// Opens the door in memory.
fn connect(running: &Running, serving: Serving) -> Connector {
    let (connector, accepted) = Connector::new();
    running.spawn(listen::memory(accepted, serving));
    connector
}
