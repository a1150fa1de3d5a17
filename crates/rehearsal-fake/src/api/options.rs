//! The settings of vLLM's HTTP frontend, each named after its flag.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use serde_json::{Map, Value};

use crate::{
    api::{Cors, GenerationDefaults},
    reasoning::ReasoningParser,
    tools::ToolCallParser,
    usage::UsageReporting,
};

/// What the HTTP frontend is told at start-up; the engine's settings are in [`EngineConfig`](crate::engine::EngineConfig).
///
/// ```
/// use rehearsal_fake::{api::FrontendOptions, usage::UsageReporting};
///
/// let options = FrontendOptions { usage_reporting: UsageReporting::Forced, ..FrontendOptions::for_model("tiny") };
/// assert_eq!(options.served_model_names, ["tiny"]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FrontendOptions {
    /// `--served-model-name`: the names that requests may use. Answers carry the first one, whichever was used.
    pub served_model_names: Vec<String>,
    /// `--model`: the path or repository of the model, `root` in `/v1/models`. It is no name for requests unless it is listed.
    pub model_root: String,
    /// `--api-key`: with any key here, `/v1` asks for one of them.
    pub api_keys: Vec<String>,
    /// `--allowed-origins` and its kin.
    pub cors: Cors,
    /// `--root-path`: a prefix under which all paths are served, too.
    pub root_path: String,
    /// `--enable-force-include-usage`.
    pub usage_reporting: UsageReporting,
    /// `--enable-prompt-tokens-details`.
    pub prompt_tokens_details: PromptTokensDetails,
    /// `--enable-request-id-headers`.
    pub request_id_headers: RequestIdHeaders,
    /// `--enable-server-load-tracking`.
    pub load_tracking: LoadTracking,
    /// `VLLM_SERVER_DEV_MODE`.
    pub dev_mode: DevMode,
    /// `--enable-scale-out`.
    pub scale_out: ScaleOut,
    /// `VLLM_ALLOW_RUNTIME_LORA_UPDATING`.
    pub runtime_lora: RuntimeLora,
    /// `VLLM_ENABLE_RESPONSES_API_STORE`.
    pub responses_store: ResponsesStore,
    /// `--enable-per-request-metrics`.
    pub per_request_metrics: PerRequestMetrics,
    /// `--fingerprint-mode` and `--fingerprint-value`.
    pub fingerprint: Fingerprint,
    /// `--sse-keep-alive-interval`: after this much silence a stream of a chat or completion gets a comment line.
    pub sse_keep_alive_interval: Option<Duration>,
    /// `--stream-interval`: a stream brings its first token alone, then this many at a time.
    pub stream_interval: NonZeroU32,
    /// `--max-num-queued-reqs`: sequences in flight above which requests are refused.
    pub max_num_queued_reqs: Option<u32>,
    /// `--max-num-queued-tokens`: prompt tokens of requests without a first token from which on requests are refused.
    pub max_num_queued_tokens: Option<u64>,
    /// `--enable-auto-tool-choice`.
    pub auto_tool_choice: AutoToolChoice,
    /// `--tool-call-parser`; it counts only with [`FrontendOptions::auto_tool_choice`].
    pub tool_call_parser: Option<ToolCallParser>,
    /// `--exclude-tools-when-tool-choice-none`.
    pub unchosen_tools: UnchosenTools,
    /// `--reasoning-parser`.
    pub reasoning_parser: Option<ReasoningParser>,
    /// `--trust-request-mm-kwargs`.
    pub request_mm_kwargs: MmKwargs,
    /// `--allowed-local-media-path`: below it `file:` URLs of images are read.
    pub allowed_local_media_path: Option<PathBuf>,
    /// `--limit-mm-per-prompt`, of it the images; `None` leaves it to the vision tower.
    pub max_images: Option<u32>,
    /// `--mm-processor-kwargs`: how images are processed unless the request says otherwise.
    pub mm_processor_kwargs: Map<String, Value>,
    /// `--lora-modules`: adapters that are there from the start.
    pub lora_modules: Vec<LoraModule>,
    /// `--response-role`: who speaks the answers of chats that ask for a new message.
    pub response_role: String,
    /// `--disable-fastapi-docs`.
    pub api_docs: ApiDocs,
    /// `--generation-config` and `--override-generation-config`.
    pub generation_defaults: GenerationDefaults,
    /// `--enable-log-requests`.
    pub request_log: RequestLog,
    /// `--max-logprobs`.
    pub max_logprobs: u32,
    /// Bytes of a request body above which the answer is 413. vLLM has no such limit; this one keeps a test's memory bounded.
    pub max_body_bytes: usize,
}

impl FrontendOptions {
    /// vLLM's defaults for a model of that name.
    #[must_use]
    pub fn for_model(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            served_model_names: vec![name.clone()],
            model_root: name,
            api_keys: Vec::new(),
            cors: Cors::default(),
            root_path: String::new(),
            usage_reporting: UsageReporting::OnRequest,
            prompt_tokens_details: PromptTokensDetails::Hidden,
            request_id_headers: RequestIdHeaders::Absent,
            load_tracking: LoadTracking::Off,
            dev_mode: DevMode::Off,
            scale_out: ScaleOut::Disabled,
            runtime_lora: RuntimeLora::Fixed,
            responses_store: ResponsesStore::Off,
            per_request_metrics: PerRequestMetrics::Absent,
            fingerprint: Fingerprint::Full,
            sse_keep_alive_interval: None,
            stream_interval: NonZeroU32::MIN,
            max_num_queued_reqs: None,
            max_num_queued_tokens: None,
            auto_tool_choice: AutoToolChoice::Refused,
            tool_call_parser: None,
            unchosen_tools: UnchosenTools::InPrompt,
            reasoning_parser: None,
            request_mm_kwargs: MmKwargs::Untrusted,
            allowed_local_media_path: None,
            max_images: None,
            mm_processor_kwargs: Map::new(),
            lora_modules: Vec::new(),
            response_role: "assistant".to_owned(),
            api_docs: ApiDocs::Served,
            generation_defaults: GenerationDefaults::default(),
            request_log: RequestLog::Off,
            max_logprobs: 20,
            max_body_bytes: 64 << 20,
        }
    }

    /// The name that answers carry.
    #[must_use]
    pub fn model_name(&self) -> &str {
        self.served_model_names.first().map_or(&self.model_root, String::as_str)
    }

    /// The tool parser in use.
    pub(crate) fn tool_parser(&self) -> Option<ToolCallParser> {
        self.tool_call_parser.filter(|_| self.auto_tool_choice == AutoToolChoice::Served)
    }
}

/// An adapter of the model, which requests ask for by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoraModule {
    /// As requests and answers call it.
    pub name: String,
    /// Where it lies, `root` in `/v1/models`; it is not looked at.
    pub path: String,
}

/// Whether `/docs`, `/redoc` and `/openapi.json` are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiDocs {
    /// They are.
    #[default]
    Served,
    /// They are not.
    Hidden,
}

/// Whether the log has a line for each request that is handed to the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestLog {
    /// None.
    #[default]
    Off,
    /// A line each.
    On,
}

/// Whether the model may decide to call a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoToolChoice {
    /// `tool_choice: "auto"` is refused.
    #[default]
    Refused,
    /// It is served, with the format of the tool parser.
    Served,
}

/// Whether a prompt names the tools that `tool_choice: "none"` keeps from being called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnchosenTools {
    /// It does.
    #[default]
    InPrompt,
    /// It does not.
    LeftOut,
}

/// Whether `usage` tells how many prompt tokens came from the prefix cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromptTokensDetails {
    /// It does not.
    #[default]
    Hidden,
    /// It does.
    Shown,
}

/// Whether answers carry `X-Request-Id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestIdHeaders {
    /// They do not.
    #[default]
    Absent,
    /// All of them do: the request's own id, or a new one.
    Echoed,
}

/// Whether answers with one choice tell how long they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PerRequestMetrics {
    /// `metrics` is null.
    #[default]
    Absent,
    /// `metrics` is filled in.
    Told,
}

/// What `system_fingerprint` says, in versions that have one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fingerprint {
    /// Release, degrees of parallelism above 1, and eight digits that stand for the configuration.
    #[default]
    Full,
    /// The same without the parallelism.
    Hash,
    /// This text.
    Custom(String),
    /// Null.
    Absent,
}

/// Whether `/load` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadTracking {
    /// It says 0.
    #[default]
    Off,
    /// It says how many generating requests are in flight.
    On,
}

/// Whether the routes for development are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevMode {
    /// They are not.
    #[default]
    Off,
    /// They are: `/sleep`, `/server_info`, `/reset_prefix_cache`…
    On,
}

/// Whether routes answer that work on token ids for other servers, such as `/inference/v1/generate`; old releases always do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleOut {
    /// They refuse.
    #[default]
    Disabled,
    /// They answer.
    Enabled,
}

/// Whether adapters come and go while the server runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuntimeLora {
    /// They do not; the routes for it are absent.
    #[default]
    Fixed,
    /// `/v1/load_lora_adapter` and `/v1/unload_lora_adapter` are there.
    Allowed,
}

/// Whether responses are kept, for `previous_response_id`, `GET /v1/responses/{id}` and the background mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponsesStore {
    /// They are not, whatever `store` says: vLLM's default.
    #[default]
    Off,
    /// They are unless `store` is false.
    On,
}

/// Whether requests may say how their images are processed; old releases always let them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MmKwargs {
    /// They are refused.
    #[default]
    Untrusted,
    /// They are passed on.
    Trusted,
}
