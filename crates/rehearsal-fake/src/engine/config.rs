//! What an engine is made of.

use thiserror::Error;

use super::{Nanos, StepTime, Vocabulary};

/// The settings of `vllm serve` that time and `usage` depend on, under vLLM's names.
///
/// [`EngineConfig::new`] has vLLM's defaults for a GPU of 70 GiB and more; profiles fill it in for known machines.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Most requests in one batch.
    pub max_num_seqs: u32,
    /// Most tokens computed in one step.
    pub max_num_batched_tokens: u32,
    /// Most tokens of one request, prompt and generated.
    pub max_model_len: u32,
    /// Tokens of one KV block.
    pub block_size: u32,
    /// KV blocks. As in vLLM (`v1/core/block_pool.py`) one of them is a placeholder that no request gets.
    pub num_gpu_blocks: u32,
    /// Whether full blocks are found again by later requests.
    pub enable_prefix_caching: bool,
    /// Whether a prompt may be computed in pieces.
    pub enable_chunked_prefill: bool,
    /// The largest piece of a prompt computed in one step, beside the budget; `None` for no such limit (vLLM's 0).
    pub long_prefill_token_threshold: Option<u32>,
    /// Who goes first.
    pub scheduling_policy: SchedulingPolicy,
    /// How long a step takes.
    pub step_time: StepTime,
    /// A stall charged once.
    pub cold_stall: Option<ColdStall>,
    /// Standard deviation of the logarithm of a seeded factor on every step time; 0 for exact steps.
    pub jitter_sigma: f64,
    /// Seed of every draw.
    pub seed: u64,
    /// The model's tokens.
    pub vocabulary: Vocabulary,
}

impl EngineConfig {
    /// vLLM's defaults for a large GPU, a context of 4,096 tokens and 65,536 KV blocks (1,048,576 tokens).
    #[must_use]
    pub const fn new(step_time: StepTime) -> Self {
        Self {
            max_num_seqs: 1024,
            max_num_batched_tokens: 8192,
            max_model_len: 4096,
            block_size: 16,
            num_gpu_blocks: 65_536,
            enable_prefix_caching: true,
            enable_chunked_prefill: true,
            long_prefill_token_threshold: None,
            scheduling_policy: SchedulingPolicy::Fcfs,
            step_time,
            cold_stall: None,
            jitter_sigma: 0.0,
            seed: 0,
            vocabulary: Vocabulary::new(152_064),
        }
    }

    /// Checks what [`Engine::new`](super::Engine::new) checks.
    pub fn validate(&self) -> Result<(), EngineConfigError> {
        let positive = [
            ("max_num_seqs", self.max_num_seqs),
            ("max_num_batched_tokens", self.max_num_batched_tokens),
            ("max_model_len", self.max_model_len),
            ("block_size", self.block_size),
            ("long_prefill_token_threshold", self.long_prefill_token_threshold.unwrap_or(1)),
            ("vocab_size", self.vocabulary.size),
        ];
        if let Some((name, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(EngineConfigError::Zero { name });
        }
        if self.num_gpu_blocks < 2 {
            return Err(EngineConfigError::TooFewBlocks { got: self.num_gpu_blocks });
        }
        if self.max_num_batched_tokens < self.max_num_seqs {
            return Err(EngineConfigError::BudgetBelowSeqs {
                budget: self.max_num_batched_tokens,
                max_num_seqs: self.max_num_seqs,
            });
        }
        if !self.enable_chunked_prefill && self.max_num_batched_tokens < self.max_model_len {
            return Err(EngineConfigError::BudgetBelowModelLen {
                budget: self.max_num_batched_tokens,
                max_model_len: self.max_model_len,
            });
        }
        if !(self.jitter_sigma.is_finite() && 0.0 <= self.jitter_sigma) {
            return Err(EngineConfigError::Jitter { got: self.jitter_sigma });
        }
        Ok(())
    }
}

/// In which order waiting requests are admitted, and which running one is preempted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchedulingPolicy {
    /// First come, first served; the last of the batch is preempted.
    #[default]
    Fcfs,
    /// Lowest priority number first, then first come; the highest is preempted.
    Priority,
}

/// One stall, charged once: the first step whose batch is this large takes longer, as if something were initialised in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColdStall {
    /// The batch that sets it off.
    pub min_batch: u32,
    /// What is added to that step.
    pub duration: Nanos,
}

/// Why an engine cannot be built.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EngineConfigError {
    /// A setting is 0 that may not be.
    #[error("`{name}` must be >= 1, got 0")]
    Zero {
        /// The setting.
        name: &'static str,
    },
    /// No request could have a block.
    #[error("`num_gpu_blocks` must be >= 2, got {got}: one block is a placeholder")]
    TooFewBlocks {
        /// As configured.
        got: u32,
    },
    /// A full batch could not decode.
    #[error(
        "`max_num_batched_tokens` must be >= `max_num_seqs` = {max_num_seqs}, got {budget}; raise the one or lower the other"
    )]
    BudgetBelowSeqs {
        /// As configured.
        budget: u32,
        /// As configured.
        max_num_seqs: u32,
    },
    /// A long prompt could never be computed.
    #[error(
        "`max_num_batched_tokens` must be >= `max_model_len` = {max_model_len} without chunked prefill, got {budget}; enable chunked prefill or raise it"
    )]
    BudgetBelowModelLen {
        /// As configured.
        budget: u32,
        /// As configured.
        max_model_len: u32,
    },
    /// Not a standard deviation.
    #[error("`jitter_sigma` must be a finite number >= 0, got {got}")]
    Jitter {
        /// As configured.
        got: f64,
    },
}
