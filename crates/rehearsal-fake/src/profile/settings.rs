//! The engine's settings in a profile, with vLLM's defaults, and what the client adds.

use crate::engine::Nanos;

/// Settings of `vllm serve` that a profile fixes or leaves to vLLM's defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSettings {
    /// `--max-num-seqs`; `None` leaves it to [`EngineDefaults`].
    pub max_num_seqs: Option<u32>,
    /// `--max-num-batched-tokens`; `None` leaves it to [`EngineDefaults`].
    pub max_num_batched_tokens: Option<u32>,
    /// `--max-model-len`.
    pub max_model_len: u32,
    /// `--block-size`.
    pub block_size: u32,
    /// `--gpu-memory-utilization`.
    pub gpu_memory_utilization: f64,
    /// `--kv-cache-memory-bytes`; `None` leaves it to the memory that is left.
    pub kv_cache_memory_bytes: Option<u64>,
    /// `--num-gpu-blocks-override`; `None` leaves it to the memory plan.
    pub num_gpu_blocks: Option<u32>,
    /// What the GPU's size makes of the limits above.
    pub defaults: EngineDefaults,
}

impl EngineSettings {
    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> EngineDefaults {
        let max_num_batched_tokens = self.max_num_batched_tokens.unwrap_or_else(|| {
            let seqs = self.max_num_seqs.unwrap_or(self.defaults.max_num_seqs);
            self.defaults.max_num_batched_tokens.min(seqs.saturating_mul(self.max_model_len))
        });
        let max_num_seqs = self.max_num_seqs.unwrap_or(self.defaults.max_num_seqs.min(max_num_batched_tokens));
        EngineDefaults { max_num_seqs, max_num_batched_tokens }
    }
}

/// The batch limits of the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineDefaults {
    /// Most requests in a batch.
    pub max_num_seqs: u32,
    /// Most tokens in a step.
    pub max_num_batched_tokens: u32,
}

impl EngineDefaults {
    /// vLLM 0.13's rule (`engine/arg_utils.py`, `get_batch_defaults`): 1024 and 8192 from 70 GiB on, unless it is an A100; else 256 and 2048.
    #[must_use]
    pub fn for_gpu(name: &str, memory_gib: f64) -> Self {
        let large = 70.0 <= memory_gib && !name.to_lowercase().contains("a100");
        let (max_num_seqs, max_num_batched_tokens) = if large { (1024, 8192) } else { (256, 2048) };
        Self { max_num_seqs, max_num_batched_tokens }
    }
}

/// What a client's clock sees beside the engine, for rehearsing a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientExtras {
    /// From the end of an answer to the next request of the same worker.
    pub turnaround: Nanos,
    /// Between requests that workers send at the same instant.
    pub stagger: Nanos,
    /// Added by the API server to every answer.
    pub api_overhead: Nanos,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(gpu: (&str, f64), seqs: Option<u32>, budget: Option<u32>, expect: (u32, u32)) {
        let settings = EngineSettings {
            max_num_seqs: seqs,
            max_num_batched_tokens: budget,
            max_model_len: 4096,
            block_size: 16,
            gpu_memory_utilization: 0.9,
            kv_cache_memory_bytes: None,
            num_gpu_blocks: None,
            defaults: EngineDefaults::for_gpu(gpu.0, gpu.1),
        };
        let limits = settings.limits();
        assert_eq!((limits.max_num_seqs, limits.max_num_batched_tokens), expect);
    }

    #[test]
    fn batch_limits_follow_the_size_of_the_gpu() {
        check(("RTX PRO 6000", 95.0), None, None, (1024, 8192));
        check(("NVIDIA A100 80GB", 79.2), None, None, (256, 2048));
        check(("L40S", 44.4), None, None, (256, 2048));
        check(("RTX PRO 6000", 95.0), Some(1), None, (1, 4096));
        check(("RTX PRO 6000", 95.0), None, Some(512), (512, 512));
    }
}
