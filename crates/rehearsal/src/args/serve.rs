use std::{net::IpAddr, num::NonZeroU32, path::PathBuf};

use clap::{Args, ValueEnum};

use super::Format;

const EXAMPLES: &str = "\
Examples:
  # the report's server, one GPU
  rehearsal serve RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic --tensor-parallel-size 1 --max-model-len 4096 \\
    --gpu-memory-utilization 0.95 --kv-cache-dtype fp8 --enable-force-include-usage

  # two GPUs: without --max-num-seqs 32 it runs out of memory at start-up, as the real one did
  rehearsal serve RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic --tensor-parallel-size 2 --max-model-len 4096 \\
    --gpu-memory-utilization 0.95 --kv-cache-dtype fp8 --max-num-seqs 32 --enable-force-include-usage

  # any model name, answers at once, on a free port
  rehearsal serve my-model --profile instant --port 0
";

/// Arguments of `rehearsal serve`: the flags of `vllm serve`, then ours.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "a flag of `vllm serve` is a bool on the command line")]
pub(crate) struct ServeArgs {
    /// Model to serve, as `vllm serve MODEL`
    pub(crate) model: String,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", help_heading = "vLLM")]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8000, help_heading = "vLLM")]
    pub(crate) port: u16,

    /// GPUs a replica is spread over [default: 1]
    #[arg(long, short = 't', alias = "tp", value_name = "N", help_heading = "vLLM")]
    pub(crate) tensor_parallel_size: Option<NonZeroU32>,

    /// Longest context, prompt and output together
    #[arg(long, value_name = "TOKENS", help_heading = "vLLM")]
    pub(crate) max_model_len: Option<NonZeroU32>,

    /// Share of each GPU's memory that the engine may take
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, help_heading = "vLLM")]
    pub(crate) gpu_memory_utilization: f64,

    /// Data type of the KV cache
    #[arg(long, value_enum, default_value_t, help_heading = "vLLM")]
    pub(crate) kv_cache_dtype: KvCacheDtype,

    /// Most sequences in one step [default: vLLM's for the GPU]
    #[arg(long, value_name = "N", help_heading = "vLLM")]
    pub(crate) max_num_seqs: Option<NonZeroU32>,

    /// Most tokens in one step [default: vLLM's for the GPU]
    #[arg(long, value_name = "N", help_heading = "vLLM")]
    pub(crate) max_num_batched_tokens: Option<NonZeroU32>,

    /// Quantization; one that clashes with the checkpoint's own is refused, as vLLM does
    #[arg(long, short = 'q', value_name = "METHOD", help_heading = "vLLM")]
    pub(crate) quantization: Option<String>,

    /// Names to serve the model under
    #[arg(long, value_name = "NAME", num_args = 1.., help_heading = "vLLM")]
    pub(crate) served_model_name: Vec<String>,

    /// Key that requests to /v1 must bring as a bearer token
    #[arg(long, value_name = "KEY", num_args = 1.., help_heading = "vLLM")]
    pub(crate) api_key: Vec<String>,

    /// `usage` in every stream, asked for or not
    #[arg(long, help_heading = "vLLM")]
    pub(crate) enable_force_include_usage: bool,

    /// `prompt_tokens_details` in `usage`
    #[arg(long, help_heading = "vLLM")]
    pub(crate) enable_prompt_tokens_details: bool,

    /// Echo X-Request-Id in every response
    #[arg(long, help_heading = "vLLM")]
    pub(crate) enable_request_id_headers: bool,

    /// Turn the prefix cache off
    #[arg(long, help_heading = "vLLM")]
    pub(crate) no_enable_prefix_caching: bool,

    /// Seed of the replies
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "vLLM")]
    pub(crate) seed: u64,

    /// `tokenizer.json` to count tokens with [default: Qwen2.5's for Qwen2.5 models, else one token a byte]
    #[arg(long, value_name = "FILE", help_heading = "vLLM")]
    pub(crate) tokenizer: Option<PathBuf>,

    /// Accepted as vLLM does; without effect here
    #[arg(long, value_name = "DIR", help_heading = "vLLM")]
    pub(crate) download_dir: Option<PathBuf>,

    /// Timing profile: built-in name or TOML file [default: the report's for its model, by --tensor-parallel-size]
    #[arg(long, value_name = "PROFILE", help_heading = "Rehearsal")]
    pub(crate) profile: Option<String>,

    /// vLLM version to answer as
    #[arg(long, value_name = "VERSION", default_value = "0.13.0", help_heading = "Rehearsal")]
    pub(crate) vllm_version: String,

    /// Real time, or faster by --speed
    #[arg(long, value_enum, default_value_t, help_heading = "Rehearsal")]
    pub(crate) pacing: Pacing,

    /// With --pacing scaled: simulated seconds in a real second
    #[arg(long, value_name = "FACTOR", default_value_t = 10.0, help_heading = "Rehearsal")]
    pub(crate) speed: f64,

    /// Start although the real server would run out of memory
    #[arg(long, help_heading = "Rehearsal")]
    pub(crate) start_anyway: bool,

    /// How to print the address and the closing summary
    #[arg(long, value_enum, default_value_t, help_heading = "Rehearsal")]
    pub(crate) format: Format,
}

/// vLLM's names for the data type of the KV cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum KvCacheDtype {
    /// The model's own data type
    #[default]
    Auto,
    /// 16-bit brain floating point
    Bfloat16,
    /// 8-bit floating point, e4m3
    Fp8,
    /// The same, by its full name
    Fp8E4m3,
    /// 8-bit floating point, e5m2
    Fp8E5m2,
}

/// How simulated time runs against real time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pacing {
    /// A second is a second
    #[default]
    Real,
    /// Faster by --speed
    Scaled,
}
