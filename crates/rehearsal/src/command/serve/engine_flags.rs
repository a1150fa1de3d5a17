//! The engine's flags on a profile.

use std::num::NonZeroU32;

use rehearsal::fake::{
    engine::{EngineConfig, SchedulingPolicy as EnginePolicy},
    profile::Profile,
};

use crate::{
    args::{Count, CountOrAuto, EngineFlags, SchedulingPolicy},
    exit::Expected,
};

/// Puts the flags over the profile's settings. A flag that is not given has vLLM's default, whatever the profile was measured with.
pub(super) fn apply(flags: &EngineFlags, profile: &mut Profile) -> anyhow::Result<()> {
    if !(0.0 < flags.gpu_memory_utilization && flags.gpu_memory_utilization <= 1.0) {
        let message =
            format!("--gpu-memory-utilization must be above 0 and at most 1, got {}", flags.gpu_memory_utilization);
        return Err(Expected::usage(message).into());
    }
    profile.engine.gpu_memory_utilization = flags.gpu_memory_utilization;
    profile.engine.max_num_seqs = flags.max_num_seqs.map(NonZeroU32::get);
    profile.engine.max_num_batched_tokens = flags.max_num_batched_tokens.map(Count::get);
    if let Some(tokens) = flags.block_size {
        profile.engine.block_size = tokens.get();
    }
    if let Some(blocks) = flags.num_gpu_blocks_override {
        profile.engine.num_gpu_blocks = Some(blocks.get());
    }
    if let Some(memory) = &mut profile.memory {
        if let Some(stages) = flags.pipeline_parallel_size {
            // each stage holds its share of the layers, with their weights and their part of the KV cache
            memory.weights_gib /= f64::from(stages.get());
            memory.kv.layers = memory.kv.layers.div_ceil(stages.get());
        }
        memory.kv.element_bytes = element_bytes(&flags.kv_cache_dtype)?;
        if let Some(method) = &flags.quantization {
            memory.check_quantization(method).map_err(Expected::refused)?;
        }
        if let Some(bytes) = flags.kv_cache_memory_bytes {
            profile.engine.kv_cache_memory_bytes = Some(bytes);
        }
    }
    match flags.max_model_len {
        None => {}
        Some(CountOrAuto::Count(tokens)) => profile.engine.max_model_len = tokens.get(),
        Some(CountOrAuto::Auto) => fit_context(profile)?,
    }
    Ok(())
}

/// The model's own context, or what of it the KV cache holds.
fn fit_context(profile: &mut Profile) -> anyhow::Result<()> {
    let Some(memory) = &profile.memory else { return Ok(()) };
    let shortest = rehearsal::fake::profile::EngineSettings { max_model_len: 1, ..profile.engine.clone() };
    let plan = memory.kv_plan(profile.tensor_parallel, &shortest).map_err(Expected::refused)?;
    let fits = u32::try_from(plan.kv_tokens).unwrap_or(u32::MAX);
    profile.engine.max_model_len = profile.engine.max_model_len.min(fits);
    Ok(())
}

/// Bytes of one element of the KV cache.
fn element_bytes(dtype: &str) -> Result<u32, Expected> {
    match dtype {
        "auto" | "bfloat16" | "float16" => Ok(2),
        _ if dtype.starts_with("fp8") || dtype.starts_with("int8") => Ok(1),
        _ => Err(Expected::usage(format!(
            "--kv-cache-dtype {dtype}: the memory plan knows caches of 16 and of 8 bits; choose bfloat16 or fp8"
        ))),
    }
}

/// What the flags change of the engine beside its profile.
pub(super) fn change(flags: &EngineFlags) -> impl FnOnce(&mut EngineConfig) + Send + 'static {
    let (caching, chunked) = (!flags.no_enable_prefix_caching, !flags.no_enable_chunked_prefill);
    let threshold = Some(flags.long_prefill_token_threshold).filter(|tokens| 0 < *tokens);
    let policy = match flags.scheduling_policy {
        SchedulingPolicy::Fcfs => EnginePolicy::Fcfs,
        SchedulingPolicy::Priority => EnginePolicy::Priority,
    };
    move |config| {
        config.enable_prefix_caching = caching;
        config.enable_chunked_prefill = chunked;
        config.long_prefill_token_threshold = threshold;
        config.scheduling_policy = policy;
    }
}
