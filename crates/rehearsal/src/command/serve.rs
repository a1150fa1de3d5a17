//! `rehearsal serve`: the fake vLLM over TCP, under `vllm serve`'s command line.

mod canned_file;
mod engine_flags;
mod environment;
mod frontend_flags;
mod generation_config;
mod http_flags;
mod log;
mod model_flags;
mod text;

use std::{fs, num::NonZeroU32, pin::pin, time::Duration};

use anyhow::Context;
use rehearsal::fake::{
    AccessLog, FakeVllm, FakeVllmBuilder, Lateness, MemoryCheck, Pacing as FakePacing, ShutdownReport, StartError,
    StatsLog,
    chat_template::ChatTemplate,
    profile::Profile,
    text::TextRequest,
    version::{Frontend, VllmVersion},
};
use serde_json::json;

use self::environment::Environment;
use super::{fake, interrupt, mutants};
use crate::{
    args::{Format, FrontendKind, Pacing, ServeArgs},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    if args.list_mutants {
        render::result(mutants::list(args.format)?);
        return Ok(Exit::Ok);
    }
    if !args.without_effect.is_empty() {
        render::note(format!("without effect here: {}", args.without_effect.join(", ")));
    }
    let profile = profile(args)?;
    let builder = builder(args, profile)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?
        .block_on(serve(args, builder))
}

async fn serve(args: &ServeArgs, builder: FakeVllmBuilder) -> anyhow::Result<Exit> {
    let builder = builder.log(log::print);
    // listened for before the server says that it is up
    let mut stop = pin!(interrupt::requested());
    let started = tokio::select! {
        started = builder.start() => started,
        () = &mut stop => return Ok(Exit::Ok),
    };
    let server = started.map_err(|error| match error {
        StartError::Refused(_) => anyhow::Error::new(Expected::refused(error)),
        other => Expected::usage(other).into(),
    })?;
    let base_url = server.base_url().to_owned();
    let place = args.http.uds.as_ref().map_or_else(|| base_url.clone(), |path| format!("unix:{}", path.display()));
    render::note(format!("serving {} on {place} as vLLM {}; stop with Ctrl-C", args.model, args.vllm_version));
    stop.await;
    finish(args, &base_url, server).await
}

async fn finish(args: &ServeArgs, base_url: &str, server: FakeVllm) -> anyhow::Result<Exit> {
    let grace = Duration::from_secs(args.http.shutdown_timeout.into());
    let ShutdownReport { requests, lateness } = server.terminate(grace).await;
    match args.format {
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
    let engine = &args.engine;
    let tensor_parallel = engine.tensor_parallel_size.map_or(1, NonZeroU32::get);
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
    let asked = engine.tensor_parallel_size.map(NonZeroU32::get).filter(|_| args.profile.is_some());
    if let Some(asked) = asked.filter(|asked| *asked != profile.tensor_parallel) {
        let message =
            format!("profile `{}` is for TP={}, not {asked}; name another one", profile.name, profile.tensor_parallel);
        return Err(Expected::usage(message).into());
    }
    engine_flags::apply(engine, &mut profile)?;
    Ok(profile)
}

fn builder(args: &ServeArgs, profile: Profile) -> anyhow::Result<FakeVllmBuilder> {
    let environment = Environment::read();
    let version = version(args, &environment)?;
    let frontend = frontend_flags::options(args, environment)?;
    let engine = engine_flags::change(&args.engine);
    let text = text::model(&args.text)?;
    let mut builder = FakeVllm::builder()
        .profile(profile)
        .memory_check(if args.start_anyway { MemoryCheck::Off } else { MemoryCheck::On })
        .engine(engine)
        .pacing(match args.pacing {
            Pacing::Real => FakePacing::RealTime,
            Pacing::Scaled => FakePacing::Scaled(args.speed),
        })
        .seed(args.engine.seed)
        .tokenizer(fake::tokenizer(args.tokenizer.as_deref(), &args.model)?)
        .text(move |request: &TextRequest<'_>| text.reply(request))
        // nobody can ask a process for it, and a token's time is eight bytes for good
        .journal_capacity(0)
        .vllm_version(version)
        .frontend(frontend)
        .access_log(if args.http.disable_uvicorn_access_log { AccessLog::Off } else { AccessLog::On })
        .stats_log(if args.engine.disable_log_stats { StatsLog::Off } else { StatsLog::On })
        .startup_time(args.startup_seconds.unwrap_or_default());
    builder = match &args.http.uds {
        Some(path) => builder.bind_unix(path),
        None => builder.bind(http_flags::address(&args.http)?),
    };
    if let Some(id) = &args.mutant {
        let mutant = mutants::find(id)?;
        render::warning(format!("{id}: {}", mutant.fault()));
        builder = builder.mutant(mutant);
    }
    if let Some(tls) = http_flags::tls(&args.http)? {
        builder = builder.tls(tls);
    }
    if let Some(template) = &args.frontend.chat_template {
        builder = builder.chat_template(chat_template(template)?);
    }
    Ok(builder)
}

/// The release by its flag, the frontend by its flag, the release's suffix, or the environment.
fn version(args: &ServeArgs, environment: &Environment) -> Result<VllmVersion, Expected> {
    let named: VllmVersion = args.vllm_version.parse().map_err(Expected::usage)?;
    let frontend = match args.frontend_kind {
        Some(FrontendKind::Python) => Frontend::Python,
        Some(FrontendKind::Rust) => Frontend::Rust,
        None => environment.frontend.unwrap_or(named.frontend()),
    };
    VllmVersion::new(named.release(), frontend).map_err(Expected::usage)
}

/// A file, or the template itself: what holds a brace or a line break is no path (`load_chat_template`, `entrypoints/chat_utils.py`).
fn chat_template(file_or_source: &str) -> anyhow::Result<ChatTemplate> {
    let source = match fs::read_to_string(file_or_source) {
        Ok(source) => source,
        Err(_) if file_or_source.contains(['{', '}', '\n']) => file_or_source.to_owned(),
        Err(error) => {
            let message = format!("--chat-template {file_or_source}: {error}; a template itself must hold a brace");
            return Err(Expected::usage(message).into());
        }
    };
    ChatTemplate::from_source(&source).map_err(|error| Expected::usage(format!("--chat-template: {error}")).into())
}
