//! Settings of a fake server before it starts.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router};
use tokio::{net::TcpListener, task::JoinSet};

use super::{Admission, App, Connector, FakeVllm, StartError, edge, handle::Running, listen, observer::Watch};
use crate::{
    api::{self, FrontendOptions, PromptTokensDetails},
    chat_template::ChatTemplate,
    driver::{Clock, Driver, LatenessLog, Pacing, WallClock},
    engine::{Engine, EngineConfig},
    fault::{FaultRule, Faults},
    journal::Journal,
    metrics::{CacheConfig, FamilyTable, Metrics, ServedModel},
    profile::Profile,
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
    address: SocketAddr,
    profile: Option<Profile>,
    configure: Vec<Configure>,
    memory_check: MemoryCheck,
    pacing: Pacing,
    seed: u64,
    tokenizer: Option<Tokenizer>,
    vocab_size: Option<u32>,
    chat_template: Option<ChatTemplate>,
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
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            profile: None,
            configure: Vec::new(),
            memory_check: MemoryCheck::Off,
            pacing: Pacing::RealTime,
            seed: 0,
            tokenizer: None,
            vocab_size: None,
            chat_template: None,
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
        self.address = address.into();
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

    /// Starts listening over TCP.
    pub async fn start(self) -> Result<FakeVllm, StartError> {
        if self.pacing == Pacing::Virtual {
            return Err(StartError::VirtualOverTcp);
        }
        let address = self.address;
        let bind = |source| StartError::Bind { address, source };
        let (running, router) = self.assemble()?;
        let listener = TcpListener::bind(address).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        running.spawn(listen::tcp(listener, router.clone()));
        Ok(in_memory(running, router, Some(address)))
    }

    /// Starts in memory, as tasks on the caller's runtime.
    pub fn start_in_memory(self) -> Result<FakeVllm, StartError> {
        let (running, router) = self.assemble()?;
        Ok(in_memory(running, router, None))
    }

    /// Starts as a service for tower and axum users; it runs while the router lives.
    pub fn into_router(self) -> Result<Router, StartError> {
        let (running, router) = self.assemble()?;
        Ok(router.layer(Extension(running)))
    }

    /// Everything but the doors.
    fn assemble(self) -> Result<(Arc<Running>, Router), StartError> {
        if self.frontend.served_model_names.is_empty() {
            return Err(StartError::NoModelName);
        }
        let wire = Wire::of(self.version)?;
        let refused = wire.features.force_include_usage == ForceIncludeUsage::Refused;
        if refused && self.frontend.usage_reporting == UsageReporting::Forced {
            return Err(StartError::Flag { flag: "--enable-force-include-usage", version: self.version });
        }
        let profile = self
            .profile
            .unwrap_or_else(|| Profile::builtin(DEFAULT_PROFILE).expect("a test loads every built-in profile"));
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
        let (driver, engine) = Driver::new(Engine::new(config)?, clock, watch, Arc::clone(&lateness));
        let template = |root: &str| {
            let root = root.to_lowercase();
            if root.contains("qwen2.5") { ChatTemplate::qwen2_5_vl() } else { ChatTemplate::plain() }
        };
        let app = Arc::new(App {
            engine,
            tokenizer,
            vocab_size,
            chat_template: self.chat_template.unwrap_or_else(|| template(&self.frontend.model_root)),
            text: self.text,
            frontend: self.frontend,
            version: self.version,
            metrics,
            journal,
            faults: Faults::new(self.faults),
            lateness,
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
        Ok((running, router))
    }
}

fn in_memory(running: Arc<Running>, router: Router, address: Option<SocketAddr>) -> FakeVllm {
    let (connector, accepted) = Connector::new();
    running.spawn(listen::memory(accepted, router));
    FakeVllm::new(running, address, connector)
}
