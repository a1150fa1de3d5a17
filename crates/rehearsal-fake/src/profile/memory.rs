//! Memory at start-up: how many KV blocks there are, and when vLLM refuses to start.

use std::num::NonZeroU32;

use thiserror::Error;

use super::EngineSettings;

/// Bytes of a GiB.
const GIB: f64 = (1_u64 << 30) as f64;

/// Bytes per dummy request and vocabulary entry that the sampler's warm-up takes at its peak.
/// Fitted to the report's three starts (RTX PRO 6000, vLLM 0.13.0) and one public case (H100, TP=2).
const SAMPLER_BYTES: f64 = 23.0;
/// GiB of CUDA graphs on one GPU, and on each of several. Same fit.
const GRAPHS_GIB: [f64; 2] = [0.5, 1.2];
/// GiB of NCCL buffers on one GPU, and on each of several. Same fit.
const NCCL_GIB: [f64; 2] = [0.0, 1.0];
/// GiB that are never free. Same fit.
const FLOOR_GIB: f64 = 0.3;

/// What a GPU has and what the model takes.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryFacts {
    /// Memory of one GPU that torch sees, in GiB.
    pub gpu_gib: f64,
    /// Resident weights of the whole model, in GiB.
    pub weights_gib: f64,
    /// Peak activation and memory outside torch on each GPU, in GiB.
    pub overhead_gib: f64,
    /// The KV cache's shape.
    pub kv: KvShape,
    /// Size of the vocabulary.
    pub vocab_size: u32,
    /// Whether the version warms its sampler up with dummy requests.
    pub sampler_warm_up: SamplerWarmUp,
    /// Quantization method of the checkpoint, such as `compressed-tensors`.
    pub quantization: Option<String>,
}

/// The shape of a model's KV cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvShape {
    /// Layers.
    pub layers: u32,
    /// KV heads of the whole model.
    pub kv_heads: u32,
    /// Elements of a head.
    pub head_dim: u32,
    /// Bytes of an element: 2 for BF16, 1 for FP8.
    pub element_bytes: u32,
}

impl KvShape {
    /// Bytes of a token on one of `tensor_parallel` GPUs.
    #[must_use]
    pub fn bytes_per_token(&self, tensor_parallel: u32) -> u64 {
        // a head is never split: with more GPUs than heads each GPU keeps a copy of one
        let heads = (self.kv_heads / tensor_parallel).max(1);
        [2, self.layers, heads, self.head_dim, self.element_bytes].into_iter().map(u64::from).product()
    }

    /// Blocks in `bytes` of one GPU: `bytes // page // layers`, as vLLM divides.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bytes of a GPU's memory are far below 2^53, negative ones become 0"
    )]
    pub fn blocks(&self, bytes: f64, block_size: u32, tensor_parallel: u32) -> u64 {
        let page = self.bytes_per_token(tensor_parallel) / u64::from(self.layers) * u64::from(block_size);
        bytes as u64 / page / u64::from(self.layers)
    }
}

/// Whether start-up runs the sampler over `max_num_seqs` dummy requests after the KV cache has its memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SamplerWarmUp {
    /// It does (vLLM's first model runner).
    #[default]
    Dummies,
    /// It does not.
    Skipped,
}

/// What start-up decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryPlan {
    /// Memory for the KV cache on each GPU, in GiB (`Available KV cache memory`).
    pub kv_cache_gib: f64,
    /// KV blocks.
    pub num_gpu_blocks: u32,
    /// Tokens in them (`GPU KV cache size`).
    pub kv_tokens: u64,
    /// Requests of `max_model_len` tokens that fit (`Maximum concurrency`).
    pub max_concurrency: f64,
}

impl MemoryFacts {
    /// The largest of `stages` stages of a pipeline, as a model of its own.
    #[must_use]
    pub fn stage(&self, stages: NonZeroU32) -> Self {
        let layers = self.kv.layers.div_ceil(stages.get());
        let weights_gib = self.weights_gib * f64::from(layers) / f64::from(self.kv.layers);
        Self { weights_gib, kv: KvShape { layers, ..self.kv }, ..self.clone() }
    }

    /// All that start-up checks.
    pub fn plan(&self, tensor_parallel: u32, settings: &EngineSettings) -> Result<MemoryPlan, StartRefusal> {
        let plan = self.kv_plan(tensor_parallel, settings)?;
        let limits = settings.limits();
        let requests = limits.max_num_seqs.min(limits.max_num_batched_tokens);
        let need = sampler_need_gib(requests, self.vocab_size);
        let headroom = sampler_headroom_gib(self.gpu_gib, settings.gpu_memory_utilization, tensor_parallel);
        if self.sampler_warm_up == SamplerWarmUp::Dummies && headroom < need {
            return Err(StartRefusal::SamplerOutOfMemory { requests });
        }
        Ok(plan)
    }

    /// The KV cache's part of it.
    pub fn kv_plan(&self, tensor_parallel: u32, settings: &EngineSettings) -> Result<MemoryPlan, StartRefusal> {
        let left_gib = settings.gpu_memory_utilization * self.gpu_gib
            - (self.weights_gib / f64::from(tensor_parallel) + self.overhead_gib);
        let available_gib = settings.kv_cache_memory_bytes.map_or(left_gib, |bytes| bytes as f64 / GIB);
        if available_gib <= 0.0 {
            return Err(StartRefusal::NoKvCacheMemory);
        }
        let from_memory = self.kv.blocks(available_gib * GIB, settings.block_size, tensor_parallel);
        let blocks = settings.num_gpu_blocks.map_or(from_memory, u64::from).min(u64::from(u32::MAX));
        let kv_tokens = blocks * u64::from(settings.block_size);
        if settings.num_gpu_blocks.is_none() && kv_tokens < u64::from(settings.max_model_len) {
            let needed = u64::from(settings.max_model_len) * self.kv.bytes_per_token(tensor_parallel);
            return Err(StartRefusal::ModelLenExceedsKvCache {
                max_model_len: settings.max_model_len,
                needed_gib: needed as f64 / GIB,
                available_gib,
                estimated_max_model_len: kv_tokens,
            });
        }
        Ok(MemoryPlan {
            kv_cache_gib: available_gib,
            num_gpu_blocks: u32::try_from(blocks).unwrap_or(u32::MAX),
            kv_tokens,
            max_concurrency: kv_tokens as f64 / f64::from(settings.max_model_len),
        })
    }

    /// Whether a `--quantization` flag agrees with the checkpoint.
    pub fn check_quantization(&self, requested: &str) -> Result<(), StartRefusal> {
        match &self.quantization {
            Some(checkpoint) if checkpoint != requested => Err(StartRefusal::QuantizationMismatch {
                checkpoint: checkpoint.clone(),
                requested: requested.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// GiB that the sampler's warm-up needs.
#[must_use]
pub fn sampler_need_gib(requests: u32, vocab_size: u32) -> f64 {
    f64::from(requests) * f64::from(vocab_size) * SAMPLER_BYTES / GIB
}

/// GiB that are left for it.
#[must_use]
pub fn sampler_headroom_gib(gpu_gib: f64, gpu_memory_utilization: f64, tensor_parallel: u32) -> f64 {
    let several = usize::from(1 < tensor_parallel);
    (1.0 - gpu_memory_utilization) * gpu_gib - GRAPHS_GIB[several] - NCCL_GIB[several] - FLOOR_GIB
}

/// Why vLLM would not start, in its own words.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum StartRefusal {
    /// `v1/worker/gpu_model_runner.py`, `_dummy_sampler_run` (0.13.0).
    #[error(
        "CUDA out of memory occurred when warming up sampler with {requests} dummy requests. Please try lowering `max_num_seqs` or `gpu_memory_utilization` when initializing the engine."
    )]
    SamplerOutOfMemory {
        /// Dummy requests.
        requests: u32,
    },
    /// `v1/core/kv_cache_utils.py`, `check_enough_kv_cache_memory` (0.13.0).
    #[error(
        "No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine."
    )]
    NoKvCacheMemory,
    /// The same function.
    #[error(
        "To serve at least one request with the models's max seq len ({max_model_len}), ({needed_gib:.2} GiB KV cache is needed, which is larger than the available KV cache memory ({available_gib:.2} GiB). Based on the available memory, the estimated maximum model length is {estimated_max_model_len}. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine."
    )]
    ModelLenExceedsKvCache {
        /// As configured.
        max_model_len: u32,
        /// For one such request.
        needed_gib: f64,
        /// On each GPU.
        available_gib: f64,
        /// What would fit.
        estimated_max_model_len: u64,
    },
    /// `config/model.py`, `_verify_quantization` (0.13.0).
    #[error(
        "Quantization method specified in the model config ({checkpoint}) does not match the quantization method specified in the `quantization` argument ({requested})."
    )]
    QuantizationMismatch {
        /// The checkpoint's.
        checkpoint: String,
        /// The flag's.
        requested: String,
    },
}
