//! vLLM's flags of the engine that do something here.

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};

use crate::args::vllm::{Count, CountOrAuto};

/// Memory, batches, scheduling.
#[derive(Args, Debug)]
#[command(next_help_heading = "vLLM: engine")]
pub(crate) struct EngineFlags {
    /// GPUs a replica is spread over [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) tensor_parallel_size: Option<NonZeroU32>,

    /// Stages that the layers are spread over; counts for memory, not for time [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) pipeline_parallel_size: Option<NonZeroU32>,

    /// Longest context, prompt and output together: 4096, 4k, 4K, or auto for what fits
    #[arg(long, value_name = "TOKENS")]
    pub(crate) max_model_len: Option<CountOrAuto>,

    /// Share of each GPU's memory that the engine may take
    #[arg(long, value_name = "SHARE", default_value_t = 0.9)]
    pub(crate) gpu_memory_utilization: f64,

    /// Memory of each GPU for the KV cache, in place of what --gpu-memory-utilization leaves
    #[arg(long, value_name = "BYTES", value_parser = crate::args::vllm::bytes)]
    pub(crate) kv_cache_memory_bytes: Option<u64>,

    /// Data type of the KV cache: fp8 halves what a token takes
    #[arg(long, value_name = "TYPE", default_value = "auto")]
    pub(crate) kv_cache_dtype: String,

    /// Tokens of a KV block [default: 16]
    #[arg(long, value_name = "TOKENS")]
    pub(crate) block_size: Option<NonZeroU32>,

    /// KV blocks, in place of what the memory holds
    #[arg(long, value_name = "N")]
    pub(crate) num_gpu_blocks_override: Option<NonZeroU32>,

    /// Most sequences in one step [default: vLLM's for the GPU]
    #[arg(long, value_name = "N")]
    pub(crate) max_num_seqs: Option<NonZeroU32>,

    /// Most tokens in one step [default: vLLM's for the GPU]
    #[arg(long, value_name = "N")]
    pub(crate) max_num_batched_tokens: Option<Count>,

    /// Who goes first: fcfs, or the lowest `priority` of the requests
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scheduling_policy: SchedulingPolicy,

    /// Most tokens of one prompt in a step; 0 for no limit of its own
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    pub(crate) long_prefill_token_threshold: u32,

    /// Compute a prompt in one step or not at all
    #[arg(long)]
    pub(crate) no_enable_chunked_prefill: bool,

    /// Turn the prefix cache off
    #[arg(long)]
    pub(crate) no_enable_prefix_caching: bool,

    /// Quantization; one that clashes with the checkpoint's own is refused, as vLLM does
    #[arg(long, value_name = "METHOD")]
    pub(crate) quantization: Option<String>,

    /// Seed of the replies
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// No line about throughput every ten seconds
    #[arg(long)]
    pub(crate) disable_log_stats: bool,
}

/// vLLM's names of the scheduling policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchedulingPolicy {
    /// First come, first served
    #[default]
    Fcfs,
    /// The lowest number first
    Priority,
}
