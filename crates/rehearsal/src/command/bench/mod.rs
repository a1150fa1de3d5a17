//! `rehearsal bench`: measures a server, or rehearses the measurement on the fake.

mod inputs;
mod load;
mod outputs;
mod progress;
pub(super) mod summary;

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Context;
use rehearsal::{
    fake::{FakeVllm, Pacing},
    load::{
        ApiKey, ConnectionMode, HttpTransport, LoadPlan, LoadPlanBuilder, Outcome, Run, RunError, StreamTransport,
        Streaming, WarmUp,
    },
};
use serde_json::{Map, Value};

use super::{api_key, fake, interrupt};
use crate::{
    args::{BenchArgs, Connections, Format},
    exit::{Exit, Expected},
    render,
};

/// How often a run that has no terminal says how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    match (&args.fake, &args.base_url) {
        (Some(profile), _) => {
            runtime.start_paused(true).build().context("no runtime")?.block_on(rehearse(args, profile))
        }
        (None, Some(base_url)) => runtime.build().context("no runtime")?.block_on(measure(args, base_url)),
        (None, None) => Err(Expected::usage("no target; give --base-url or --fake").into()),
    }
}

/// A server behind a URL, in real time.
async fn measure(args: &BenchArgs, base_url: &str) -> anyhow::Result<Exit> {
    let transport = HttpTransport::new(match args.connections {
        Connections::New => ConnectionMode::PerRequest,
        Connections::Pooled => ConnectionMode::Pooled,
    })
    .context("no HTTP client")?;
    let model = if let Some(model) = &args.model {
        model.clone()
    } else {
        let key = api_key::read(args.api_key_file.as_deref())?;
        inputs::first_model(base_url, key, &transport, args.timeout).await?
    };
    let plan = plan(args, base_url, model)?.build().map_err(Expected::usage)?;
    let (progress, tick) = progress::observer(plan.planned().map(NonZeroUsize::get));
    let run = Run::new(plan, transport).observe(progress).tick_every(tick);
    bench(args, run, interrupt::requested()).await
}

/// The fake, in memory and on the paused clock; the client's own delays are the profile's.
async fn rehearse(args: &BenchArgs, profile: &str) -> anyhow::Result<Exit> {
    let profile = fake::profile(profile)?;
    let model = args.model.clone().unwrap_or_else(|| fake::REPORT_MODEL.to_owned());
    let client = profile.client;
    let server = FakeVllm::builder()
        .model(&model)
        .tokenizer(fake::tokenizer(None, &model)?)
        .profile(profile)
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .map_err(Expected::usage)?;
    let plan = plan(args, server.base_url(), model)?
        .turnaround(Duration::from(client.turnaround))
        .stagger(Duration::from(client.stagger))
        .build()
        .map_err(Expected::usage)?;
    let connector = server.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    bench(args, Run::new(plan, transport), std::future::pending()).await
}

async fn bench(args: &BenchArgs, mut run: Run, stop: impl Future<Output = ()>) -> anyhow::Result<Exit> {
    // every file is opened before the first request, so that a bad path costs no run
    let outputs = outputs::Outputs::open(args)?;
    if let Some(log) = outputs.jsonl()? {
        run = run.observe(log);
    }
    let outcome = run.run(stop).await.map_err(|error| match error {
        RunError::Unreachable { .. } | RunError::NotReady { .. } => anyhow::Error::new(Expected::unreachable(error)),
        other => other.into(),
    })?;

    outputs.write(&outcome)?;
    print(&outcome, args.format)?;
    Ok(if outcome.report.is_incomplete() { Exit::Incomplete } else { Exit::Ok })
}

fn plan(args: &BenchArgs, base_url: &str, model: String) -> anyhow::Result<LoadPlanBuilder> {
    let mut builder = LoadPlan::builder(base_url, model)
        .prompt(inputs::prompt(args)?)
        .max_tokens(args.max_tokens)
        .temperature(args.temperature)
        .timeout(args.timeout)
        .streaming(if args.stream { Streaming::On } else { Streaming::Off })
        .warm_up(if args.no_warmup { WarmUp::Skip } else { WarmUp::One });
    builder = load::apply(builder, &args.load)?;
    if let Some(timeout) = args.stall_timeout {
        builder = builder.stall_timeout(timeout);
    }
    if args.ignore_eos {
        builder = builder.extra_body(Map::from_iter([("ignore_eos".to_owned(), Value::Bool(true))]));
    }
    if let Some(key) = api_key::read(args.api_key_file.as_deref())? {
        builder = builder.api_key(ApiKey::new(key));
    }
    Ok(builder)
}

fn print(outcome: &Outcome, format: Format) -> anyhow::Result<()> {
    for warning in &outcome.report.warnings {
        render::warning(warning);
    }
    match format {
        Format::Text => render::result(summary::text(&outcome.report)),
        Format::Json => render::result(serde_json::to_string_pretty(&outcome.report).context("report as JSON")?),
    }
    Ok(())
}
