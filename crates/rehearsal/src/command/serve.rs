//! `rehearsal serve`: the fake vLLM over TCP, under `vllm serve`'s command line.

use std::net::SocketAddr;

use anyhow::Context;
use rehearsal::fake::{
    FakeVllm, FakeVllmBuilder, FrontendOptions, Lateness, MemoryCheck, Pacing as FakePacing, ShutdownReport,
    StartError,
    api::{PromptTokensDetails, RequestIdHeaders},
    profile::Profile,
    usage::UsageReporting,
};
use serde_json::json;

use super::{fake, interrupt};
use crate::{
    args::{Format, KvCacheDtype, Pacing, ServeArgs},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    let profile = profile(args)?;
    let builder = builder(args, profile)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?
        .block_on(serve(args, builder))
}

async fn serve(args: &ServeArgs, builder: FakeVllmBuilder) -> anyhow::Result<Exit> {
    let server = builder.start().await.map_err(|error| match error {
        StartError::Refused(_) => anyhow::Error::new(Expected::refused(error)),
        other => Expected::usage(other).into(),
    })?;
    let base_url = server.base_url().to_owned();
    render::note(format!("serving {} on {base_url} as vLLM {}; stop with Ctrl-C", args.model, args.vllm_version));
    interrupt::requested().await;
    finish(args.format, &base_url, server).await
}

async fn finish(format: Format, base_url: &str, server: FakeVllm) -> anyhow::Result<Exit> {
    let ShutdownReport { requests, lateness } = server.shutdown().await;
    match format {
        Format::Text => render::result(format!("{requests} requests; steps late by {}", late(&lateness))),
        Format::Json => {
            let document = json!({"base_url": base_url, "requests": requests, "lateness": lateness});
            render::result(serde_json::to_string_pretty(&document).context("summary as JSON")?);
        }
    }
    Ok(Exit::Ok)
}

fn late(lateness: &Lateness) -> String {
    match (lateness.p50, lateness.p99, lateness.max) {
        (Some(p50), Some(p99), Some(max)) => {
            format!("p50 {p50:.1?}, p99 {p99:.1?}, at most {max:.1?}, over {} steps", lateness.steps)
        }
        _ => "nothing: no step was run".to_owned(),
    }
}

/// The profile that is asked for, else the report's for its model, with the flags that change memory and limits.
fn profile(args: &ServeArgs) -> anyhow::Result<Profile> {
    let tensor_parallel = args.tensor_parallel_size.map_or(1, std::num::NonZeroU32::get);
    let is_report_model = args.model.contains("Qwen2.5-VL-72B");
    let mut profile = match &args.profile {
        Some(name) => fake::profile(name)?,
        None if is_report_model && tensor_parallel <= 2 => fake::profile(&format!("report-tp{tensor_parallel}"))?,
        None if is_report_model => fake::profile(&format!("rtxpro6000-72b-fp8-tp{tensor_parallel}"))?,
        None => {
            render::warning(format!(
                "no profile is known for `{}`, so it answers at once; name one with --profile",
                args.model
            ));
            fake::profile("instant")?
        }
    };
    let asked = args.tensor_parallel_size.map(std::num::NonZeroU32::get).filter(|_| args.profile.is_some());
    if let Some(asked) = asked.filter(|asked| *asked != profile.tensor_parallel) {
        let message =
            format!("profile `{}` is for TP={}, not {asked}; name another one", profile.name, profile.tensor_parallel);
        return Err(Expected::usage(message).into());
    }

    if !(0.0 < args.gpu_memory_utilization && args.gpu_memory_utilization <= 1.0) {
        let message =
            format!("--gpu-memory-utilization must be above 0 and at most 1, got {}", args.gpu_memory_utilization);
        return Err(Expected::usage(message).into());
    }
    // a flag that is not given has vLLM's default, whatever the profile's own measurement was run with
    profile.engine.gpu_memory_utilization = args.gpu_memory_utilization;
    profile.engine.max_num_seqs = args.max_num_seqs.map(std::num::NonZeroU32::get);
    profile.engine.max_num_batched_tokens = args.max_num_batched_tokens.map(std::num::NonZeroU32::get);
    if let Some(tokens) = args.max_model_len {
        profile.engine.max_model_len = tokens.get();
    }
    if let Some(memory) = &mut profile.memory {
        memory.kv.element_bytes = match args.kv_cache_dtype {
            KvCacheDtype::Auto | KvCacheDtype::Bfloat16 => 2,
            KvCacheDtype::Fp8 | KvCacheDtype::Fp8E4m3 | KvCacheDtype::Fp8E5m2 => 1,
        };
        if let Some(method) = &args.quantization {
            memory.check_quantization(method).map_err(Expected::refused)?;
        }
    }
    Ok(profile)
}

fn builder(args: &ServeArgs, profile: Profile) -> anyhow::Result<FakeVllmBuilder> {
    let names =
        if args.served_model_name.is_empty() { vec![args.model.clone()] } else { args.served_model_name.clone() };
    let frontend = FrontendOptions {
        served_model_names: names,
        api_keys: args.api_key.clone(),
        usage_reporting: if args.enable_force_include_usage {
            UsageReporting::Forced
        } else {
            UsageReporting::OnRequest
        },
        prompt_tokens_details: if args.enable_prompt_tokens_details {
            PromptTokensDetails::Shown
        } else {
            PromptTokensDetails::Hidden
        },
        request_id_headers: if args.enable_request_id_headers {
            RequestIdHeaders::Echoed
        } else {
            RequestIdHeaders::Absent
        },
        ..FrontendOptions::for_model(args.model.clone())
    };
    let caching = !args.no_enable_prefix_caching;
    Ok(FakeVllm::builder()
        .profile(profile)
        .memory_check(if args.start_anyway { MemoryCheck::Off } else { MemoryCheck::On })
        .engine(move |config| config.enable_prefix_caching = caching)
        .pacing(match args.pacing {
            Pacing::Real => FakePacing::RealTime,
            Pacing::Scaled => FakePacing::Scaled(args.speed),
        })
        .seed(args.seed)
        .tokenizer(fake::tokenizer(args.tokenizer.as_deref(), &args.model)?)
        .vllm_version(args.vllm_version.parse().map_err(Expected::usage)?)
        .frontend(frontend)
        .bind(SocketAddr::new(args.host, args.port)))
}
