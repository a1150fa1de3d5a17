//! vLLM's flags of the frontend that change answers here.

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};

/// What answers hold.
#[derive(Args, Debug)]
#[command(next_help_heading = "vLLM: answers")]
#[expect(clippy::struct_excessive_bools, reason = "a flag of `vllm serve` is a bool on the command line")]
pub(crate) struct FrontendFlags {
    /// Names to serve the model under; answers carry the first
    #[arg(long, value_name = "NAME")]
    pub(crate) served_model_name: Vec<String>,

    /// The chat template: a file, or the template itself
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) chat_template: Option<String>,

    /// Most log probabilities that a request may ask for; -1 for all
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) max_logprobs: i64,

    /// `usage` in every stream, asked for or not
    #[arg(long)]
    pub(crate) enable_force_include_usage: bool,

    /// `prompt_tokens_details` in `usage`
    #[arg(long)]
    pub(crate) enable_prompt_tokens_details: bool,

    /// Echo X-Request-Id in every response
    #[arg(long)]
    pub(crate) enable_request_id_headers: bool,

    /// Answer the routes that work on token ids for other servers [0.13 always does]
    #[arg(long)]
    pub(crate) enable_scale_out: bool,

    /// How long a request took, in its answer
    #[arg(long)]
    pub(crate) enable_per_request_metrics: bool,

    /// Tokens of a stream that come together; the first always comes alone
    #[arg(long, value_name = "TOKENS", default_value_t = NonZeroU32::MIN)]
    pub(crate) stream_interval: NonZeroU32,

    /// Seconds of silence after which a stream gets a comment line; 0 for none
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub(crate) sse_keep_alive_interval: f64,

    /// Requests in flight above which new ones are refused with 503
    #[arg(long, value_name = "N")]
    pub(crate) max_num_queued_reqs: Option<u32>,

    /// Prompt tokens that wait for a first token, from which on new requests are refused with 503
    #[arg(long, value_name = "N", value_parser = crate::args::vllm::bytes)]
    pub(crate) max_num_queued_tokens: Option<u64>,

    /// What `system_fingerprint` says
    #[arg(long, value_enum, default_value_t)]
    pub(crate) fingerprint_mode: FingerprintMode,

    /// The text of --fingerprint-mode custom
    #[arg(long, value_name = "TEXT")]
    pub(crate) fingerprint_value: Option<String>,

    /// Serve `tool_choice: "auto"`; wants --tool-call-parser
    #[arg(long)]
    pub(crate) enable_auto_tool_choice: bool,

    /// In which format the model calls tools
    #[arg(long, value_name = "NAME")]
    pub(crate) tool_call_parser: Option<String>,

    /// Leave tools out of the prompt when none may be called
    #[arg(long)]
    pub(crate) exclude_tools_when_tool_choice_none: bool,

    /// In which format the model thinks
    #[arg(long, value_name = "NAME")]
    pub(crate) reasoning_parser: Option<String>,

    /// Who speaks the answers of chats
    #[arg(long, value_name = "ROLE", default_value = "assistant")]
    pub(crate) response_role: String,

    /// A line in the log for each request
    #[arg(long)]
    pub(crate) enable_log_requests: bool,

    /// Count requests in flight in /load
    #[arg(long)]
    pub(crate) enable_server_load_tracking: bool,
}

/// What `system_fingerprint` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FingerprintMode {
    /// Release, parallelism and a digest of the configuration
    #[default]
    Full,
    /// The same without the parallelism
    Hash,
    /// The text of --fingerprint-value
    Custom,
    /// Null
    None,
}
