//! `rehearsal bench`: measures a server.

mod inputs;
mod interrupt;
mod outputs;
mod progress;
mod summary;

use std::time::Duration;

use anyhow::Context;
use rehearsal_load::{ApiKey, ConnectionMode, HttpTransport, LoadPlan, Outcome, Run, RunError, Streaming, WarmUp};
use serde_json::{Map, Value};

use super::api_key;
use crate::{
    args::{BenchArgs, Connections, Format},
    exit::{Exit, Expected},
    render,
};

/// How often a run that has no terminal says how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?.block_on(bench(args))
}

async fn bench(args: &BenchArgs) -> anyhow::Result<Exit> {
    let transport = HttpTransport::new(match args.connections {
        Connections::New => ConnectionMode::PerRequest,
        Connections::Pooled => ConnectionMode::Pooled,
    })
    .context("no HTTP client")?;
    let model = match &args.model {
        Some(model) => model.clone(),
        None => {
            inputs::first_model(&args.base_url, api_key::read(args.api_key_file.as_deref())?, &transport, args.timeout)
                .await?
        }
    };
    let plan = plan(args, model)?;
    // every file is opened before the first request, so that a bad path costs no run
    let outputs = outputs::Outputs::open(args)?;

    let (progress, tick) = progress::observer(plan.requests().get());
    let mut run = Run::new(plan, transport).observe(progress).tick_every(tick);
    if let Some(log) = outputs.jsonl()? {
        run = run.observe(log);
    }
    let outcome = run.run(interrupt::requested()).await.map_err(|error| match error {
        RunError::Unreachable { .. } | RunError::NotReady { .. } => anyhow::Error::new(Expected::unreachable(error)),
        other => other.into(),
    })?;

    outputs.write(&outcome)?;
    print(&outcome, args.format)?;
    Ok(if outcome.report.is_incomplete() { Exit::Incomplete } else { Exit::Ok })
}

fn plan(args: &BenchArgs, model: String) -> anyhow::Result<LoadPlan> {
    let mut builder = LoadPlan::builder(&args.base_url, model)
        .prompt(inputs::prompt(args)?)
        .concurrency(args.concurrency)
        .requests(args.requests)
        .max_tokens(args.max_tokens)
        .temperature(args.temperature)
        .timeout(args.timeout)
        .streaming(if args.stream { Streaming::On } else { Streaming::Off })
        .warm_up(if args.no_warmup { WarmUp::Skip } else { WarmUp::One });
    if let Some(timeout) = args.stall_timeout {
        builder = builder.stall_timeout(timeout);
    }
    if args.ignore_eos {
        builder = builder.extra_body(Map::from_iter([("ignore_eos".to_owned(), Value::Bool(true))]));
    }
    if let Some(key) = api_key::read(args.api_key_file.as_deref())? {
        builder = builder.api_key(ApiKey::new(key));
    }
    builder.build().map_err(|error| Expected::usage(error).into())
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
