//! The machine and the model that arguments describe.

use std::fs;

use rehearsal::{
    calibrate::Setup,
    fake::profile::describe::{Gpu, ModelShape},
    model_config::{built_in_models, model_config},
};

use crate::{
    args::{KvCacheDtype, SetupFlags},
    exit::Expected,
};

/// The setup that the flags describe; `None` without `--gpu` and `--model`.
pub(crate) fn setup(flags: &SetupFlags) -> Result<Option<Setup>, Expected> {
    let (Some(gpu), Some(_)) = (&flags.gpu, &flags.model) else { return Ok(None) };
    let gpu = Gpu::find(gpu).map_err(Expected::usage)?;
    let link = flags.link.clone().unwrap_or_else(|| gpu.link_name.clone());
    on(flags, gpu, &link).map(Some)
}

/// The model of the flags on this GPU.
pub(crate) fn on(flags: &SetupFlags, gpu: Gpu, link: &str) -> Result<Setup, Expected> {
    let Some(model) = &flags.model else {
        return Err(Expected::usage("which model? give --model, a Hugging Face config.json or a built-in name"));
    };
    let share = flags.gpu_memory_utilization;
    if !(0.0 < share && share <= 1.0) {
        return Err(Expected::usage(format!("--gpu-memory-utilization must be > 0 and <= 1, got {share}")));
    }
    for (flag, value) in [
        ("--max-model-len", flags.max_model_len),
        ("--max-num-seqs", flags.max_num_seqs),
        ("--max-num-batched-tokens", flags.max_num_batched_tokens),
    ] {
        if value == Some(0) {
            return Err(Expected::usage(format!("{flag} must be >= 1, got 0; leave it out for vLLM's default")));
        }
    }
    Ok(Setup {
        gpu,
        link: Gpu::link(link).map_err(Expected::usage)?,
        model: self::model(model)?,
        kv_element_bytes: if flags.kv_cache_dtype == KvCacheDtype::Fp8 { 1 } else { 2 },
        gpu_memory_utilization: share,
        max_model_len: flags.max_model_len,
        max_num_seqs: flags.max_num_seqs,
        max_num_batched_tokens: flags.max_num_batched_tokens,
    })
}

/// A built-in model, or the one in a file.
fn model(name_or_file: &str) -> Result<ModelShape, Expected> {
    let built_in = built_in_models().find(|(name, _)| *name == name_or_file).map(|(_, text)| text.to_owned());
    let text = match built_in {
        Some(text) => text,
        None => fs::read_to_string(name_or_file).map_err(|error| {
            let known: Vec<&str> = built_in_models().map(|(name, _)| name).collect();
            let known = known.join(", ");
            Expected::usage(format!("model `{name_or_file}`: {error}; give a config.json, or one of {known}"))
        })?,
    };
    model_config(&text, name_or_file).map_err(Expected::usage)
}
