use clap::{Args, ValueEnum};

/// A model on GPUs, described.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine and model")]
pub(crate) struct SetupFlags {
    /// The GPU, such as `H100 SXM`, `H200` or `RTX PRO 6000`; an unknown name lists the known ones
    #[arg(long, value_name = "NAME", requires = "model")]
    pub(crate) gpu: Option<String>,

    /// What connects several of them, such as nvlink4, pcie-p2p or pcie [default: what is usual for the GPU]
    #[arg(long, value_name = "NAME", requires = "gpu")]
    pub(crate) link: Option<String>,

    /// The model: a Hugging Face config.json, or one of qwen2.5-vl-72b-fp8, llama-3-70b-fp8, qwen3-32b
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<String>,

    /// vLLM's --kv-cache-dtype
    #[arg(long, value_enum, default_value_t, requires = "model")]
    pub(crate) kv_cache_dtype: KvCacheDtype,

    /// vLLM's --gpu-memory-utilization
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, requires = "model")]
    pub(crate) gpu_memory_utilization: f64,

    /// vLLM's --max-model-len [default: the model's, as far as the memory goes]
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_model_len: Option<u32>,

    /// vLLM's --max-num-seqs [default: vLLM's own]
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_num_seqs: Option<u32>,

    /// vLLM's --max-num-batched-tokens [default: vLLM's own]
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_num_batched_tokens: Option<u32>,
}

/// Type of the KV cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum KvCacheDtype {
    /// 16 bits
    #[default]
    Auto,
    /// 8 bits
    Fp8,
}
