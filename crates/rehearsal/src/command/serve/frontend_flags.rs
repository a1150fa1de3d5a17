//! The frontend's flags, and the environment's part of them, as the fake's own type.

use std::{fmt::Display, str::FromStr, time::Duration};

use rehearsal::fake::{
    FrontendOptions,
    api::{
        ApiDocs, AutoToolChoice, Fingerprint, LoadTracking, MmKwargs, PerRequestMetrics, PromptTokensDetails,
        RequestIdHeaders, RequestLog, ScaleOut, UnchosenTools,
    },
    reasoning::ReasoningParser,
    tools::ToolCallParser,
    usage::UsageReporting,
};

use super::{environment::Environment, generation_config, http_flags, model_flags};
use crate::{
    args::{FingerprintMode, FrontendFlags, ServeArgs},
    exit::Expected,
    render,
};

/// All that answers depend on.
pub(super) fn options(args: &ServeArgs, environment: Environment) -> Result<FrontendOptions, Expected> {
    let flags = &args.frontend;
    let names =
        if flags.served_model_name.is_empty() { vec![args.model.clone()] } else { flags.served_model_name.clone() };
    let api_keys = if args.http.api_key.is_empty() {
        environment.api_key.into_iter().collect()
    } else {
        args.http.api_key.clone()
    };
    Ok(FrontendOptions {
        served_model_names: names,
        api_keys,
        dev_mode: environment.dev_mode,
        runtime_lora: environment.runtime_lora,
        responses_store: environment.responses_store,
        scale_out: either(flags.enable_scale_out, ScaleOut::Enabled, ScaleOut::Disabled),
        usage_reporting: either(flags.enable_force_include_usage, UsageReporting::Forced, UsageReporting::OnRequest),
        prompt_tokens_details: either(
            flags.enable_prompt_tokens_details,
            PromptTokensDetails::Shown,
            PromptTokensDetails::Hidden,
        ),
        request_id_headers: either(flags.enable_request_id_headers, RequestIdHeaders::Echoed, RequestIdHeaders::Absent),
        load_tracking: either(flags.enable_server_load_tracking, LoadTracking::On, LoadTracking::Off),
        per_request_metrics: either(
            flags.enable_per_request_metrics,
            PerRequestMetrics::Told,
            PerRequestMetrics::Absent,
        ),
        fingerprint: fingerprint(flags)?,
        sse_keep_alive_interval: keep_alive(flags.sse_keep_alive_interval)?,
        stream_interval: flags.stream_interval,
        max_num_queued_reqs: flags.max_num_queued_reqs,
        max_num_queued_tokens: flags.max_num_queued_tokens,
        auto_tool_choice: either(flags.enable_auto_tool_choice, AutoToolChoice::Served, AutoToolChoice::Refused),
        tool_call_parser: parser("--tool-call-parser", flags.tool_call_parser.as_deref(), ToolCallParser::Hermes),
        unchosen_tools: either(
            flags.exclude_tools_when_tool_choice_none,
            UnchosenTools::LeftOut,
            UnchosenTools::InPrompt,
        ),
        reasoning_parser: parser("--reasoning-parser", flags.reasoning_parser.as_deref(), ReasoningParser::Qwen3),
        request_mm_kwargs: either(args.models.trust_request_mm_kwargs, MmKwargs::Trusted, MmKwargs::Untrusted),
        allowed_local_media_path: model_flags::local_media(&args.models)?,
        max_images: model_flags::max_images(&args.models)?,
        mm_processor_kwargs: model_flags::processing(&args.models)?,
        lora_modules: model_flags::adapters(&args.models)?,
        generation_defaults: generation_config::defaults(args)?,
        request_log: either(flags.enable_log_requests, RequestLog::On, RequestLog::Off),
        response_role: flags.response_role.clone(),
        api_docs: either(args.http.disable_fastapi_docs, ApiDocs::Hidden, ApiDocs::Served),
        cors: http_flags::cors(&args.http)?,
        root_path: args.http.root_path.clone(),
        // vLLM's -1 stands for the whole vocabulary
        max_logprobs: u32::try_from(flags.max_logprobs).unwrap_or(u32::MAX),
        ..FrontendOptions::for_model(args.model.clone())
    })
}

/// The parser of that name. The texts are the fake's own, so one that it does not imitate is stood in for by another of its kind.
fn parser<T: FromStr<Err: Display>>(flag: &str, name: Option<&str>, stand_in: T) -> Option<T> {
    Some(name?.parse().unwrap_or_else(|error| {
        render::warning(format!("{flag}: {error}; another format stands in, and clients see no difference"));
        stand_in
    }))
}

/// A switch as the fake's own enum.
fn either<T>(given: bool, on: T, off: T) -> T {
    if given { on } else { off }
}

fn fingerprint(flags: &FrontendFlags) -> Result<Fingerprint, Expected> {
    match (flags.fingerprint_mode, &flags.fingerprint_value) {
        (FingerprintMode::Full, _) => Ok(Fingerprint::Full),
        (FingerprintMode::Hash, _) => Ok(Fingerprint::Hash),
        (FingerprintMode::None, _) => Ok(Fingerprint::Absent),
        (FingerprintMode::Custom, Some(text)) => Ok(Fingerprint::Custom(text.clone())),
        (FingerprintMode::Custom, None) => {
            Err(Expected::usage("--fingerprint-mode custom needs a text: add --fingerprint-value"))
        }
    }
}

fn keep_alive(seconds: f64) -> Result<Option<Duration>, Expected> {
    let span = Duration::try_from_secs_f64(seconds).map_err(|_| {
        Expected::usage(format!("--sse-keep-alive-interval must be 0 or a number of seconds, got {seconds}"))
    })?;
    Ok(Some(span).filter(|span| !span.is_zero()))
}
