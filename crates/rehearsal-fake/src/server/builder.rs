//! Settings of a fake server before it starts.

mod assemble;
mod start;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use super::{AccessLog, StatsLog, Tls, door::Place};
use crate::{
    api::{FrontendOptions, PromptTokensDetails},
    chat_template::ChatTemplate,
    driver::Pacing,
    engine::EngineConfig,
    fault::FaultRule,
    log::{Log, LogLine},
    multimodal::VisionTower,
    mutant::Mutant,
    profile::Profile,
    text::{Filler, TextModel},
    tokenizer::Tokenizer,
    usage::UsageReporting,
    version::VllmVersion,
};

/// The model's name unless another is given.
const DEFAULT_MODEL: &str = "rehearsal";

/// Requests that the journal keeps unless told otherwise.
const JOURNAL_CAPACITY: usize = 100_000;

type Configure = Box<dyn FnOnce(&mut EngineConfig) + Send>;

/// Settings of a [`FakeVllm`](super::FakeVllm) before it starts; what is not set is as in vLLM.
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
    mutant: Option<Mutant>,
    journal_capacity: usize,
    started_at: Option<Duration>,
}

/// Whether the server refuses to start where vLLM would run out of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryCheck {
    /// It starts anyway.
    #[default]
    Off,
    /// It refuses with vLLM's own sentence ([`StartError::Refused`](super::StartError::Refused)).
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
            mutant: None,
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

    /// One known fault, in every answer that it can befall. What the server needs for it to show is in [`Mutant::setting`].
    pub fn mutant(mut self, mutant: Mutant) -> Self {
        self.mutant = Some(mutant);
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
