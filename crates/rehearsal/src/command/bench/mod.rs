//! `rehearsal bench`: measures a server, or rehearses the measurement on the fake.

mod descriptors;
mod explore;
mod inputs;
mod load;
mod open_metrics;
mod outputs;
mod progress;
mod start;
pub(super) mod summary;
pub(super) mod table;
mod target;
mod workload;

use std::{num::NonZeroUsize, time::Duration};

use anyhow::Context;
use rehearsal::load::{
    ApiKey, Endpoint, LoadPlan, LoadPlanBuilder, Outcome, Run, RunError, StreamUsage, Streaming, WarmUp,
    metrics::ClientBound, plan::Images, report::WarningKind, search::SloOutcome,
};
use serde_json::{Map, Value};

pub(super) use self::table::slo_line;
use self::{open_metrics::OpenMetrics, target::Target};
use super::{api_key, interrupt};
use crate::{
    args::{self, BenchArgs, Format},
    exit::{Exit, Expected},
    render,
};

/// How often a run that has no terminal says how far it is.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    // the fake runs in virtual time: a paused clock jumps to whatever is due next
    runtime.enable_all().start_paused(args.fake.is_some());
    runtime.build().context("no runtime")?.block_on(async {
        let target = Target::open(args).await?;
        // listened for from here on; virtual time is over before anybody could press a key
        let requested = args.fake.is_none().then(interrupt::requested);
        let stop = async move {
            match requested {
                Some(requested) => requested.await,
                None => std::future::pending().await,
            }
        };
        if args.explore.sweep.is_some() || args.explore.search.is_some() {
            explore::run(args, &target, stop).await
        } else {
            bench(args, &target, stop).await
        }
    })
}

/// A single run.
async fn bench(args: &BenchArgs, target: &Target, stop: impl Future<Output = ()>) -> anyhow::Result<Exit> {
    let (plan, mut run, server) = target.run(args, &args.load)?;
    if server.is_none() {
        let (progress, tick) = progress::observer(plan.planned().map(NonZeroUsize::get));
        run = run.observe(progress).tick_every(tick);
    }
    if let Some(at) = args.sharing.start_at {
        run = run.start_at(start::instant_of(at)?);
    }
    // every file is opened before the first request, so that a bad path costs no run
    let outputs = outputs::Outputs::open(args)?;
    if let Some(log) = outputs.jsonl()? {
        run = run.observe(log);
    }
    let metrics = args.live.metrics_port.map(|listen| OpenMetrics::serve(listen.0)).transpose()?;
    if let Some(metrics) = &metrics {
        render::note(format_args!("figures of the run at http://{}/metrics", metrics.address()));
        run = run.observe(metrics.observer());
    }
    let mut outcome = perform(run, stop).await?;
    outcome.report = outcome.report.with_goodput(&args.explore.slo, &outcome.requests);
    if let Some(price) = args.price_per_hour {
        outcome.report = outcome.report.with_price(price);
    }

    // printed first: a full disk costs the files, not the figures
    print(&outcome, args.format)?;
    outputs.write(&outcome)?;
    let slos = outcome.report.goodput.iter().flat_map(|goodput| &goodput.slos);
    let missed: Vec<String> = slos.filter(|slo| slo.outcome == SloOutcome::Missed).map(slo_line).collect();
    for line in &missed {
        render::warning(line);
    }
    let client_bound = outcome.report.generator_health.is_some_and(|health| health.client_bound == ClientBound::Yes);
    let holds = missed.is_empty() && !(args.strict && client_bound);
    let lost_log = outcome.report.warnings.iter().any(|warning| warning.kind == WarningKind::ObserverFailed);
    Ok(match (outcome.report.is_incomplete() || lost_log, holds) {
        (true, _) => Exit::Incomplete,
        (false, false) => Exit::NotMet,
        (false, true) => Exit::Ok,
    })
}

async fn perform(run: Run, stop: impl Future<Output = ()>) -> anyhow::Result<Outcome> {
    run.run(stop).await.map_err(unstarted)
}

/// A run that could not begin.
fn unstarted(error: RunError) -> anyhow::Error {
    match error {
        RunError::Unreachable { .. } | RunError::NotReady { .. } => Expected::unreachable(error).into(),
        other => other.into(),
    }
}

/// The plan, but for its prompts and arrivals.
fn plan(args: &BenchArgs, base_url: &str, model: String) -> anyhow::Result<LoadPlanBuilder> {
    let mut builder = LoadPlan::builder(base_url, model)
        .endpoint(endpoint(args.endpoint))
        .max_tokens(args.max_tokens)
        .temperature(args.temperature)
        .timeout(args.timeout)
        .streaming(if args.stream { Streaming::On } else { Streaming::Off })
        .warm_up(if args.no_warmup { WarmUp::Skip } else { WarmUp::One });
    builder = builder.retries(args.retries);
    if let Some(shard) = args.sharing.shard {
        builder = builder.shard(shard);
    }
    if let Some(prefix) = &args.request_id_prefix {
        builder = builder.request_ids(prefix);
    }
    if !args.workload.image.is_empty() {
        builder = builder.images(Images::new(args.workload.image.iter().copied(), args.load.seed));
    }
    if let Some(timeout) = args.stall_timeout {
        builder = builder.stall_timeout(timeout);
    }
    if let Some(think) = args.workload.think_time {
        builder = builder.think(think);
    }
    if args.continuous_usage {
        builder = builder.stream_usage(StreamUsage::Continuous);
    }
    if args.ignore_eos {
        builder = builder.extra_body(Map::from_iter([("ignore_eos".to_owned(), Value::Bool(true))]));
    }
    if let Some(key) = api_key::read(args.api_key_file.as_deref())? {
        builder = builder.api_key(ApiKey::new(key));
    }
    Ok(builder)
}

fn endpoint(endpoint: args::Endpoint) -> Endpoint {
    match endpoint {
        args::Endpoint::Chat => Endpoint::Chat,
        args::Endpoint::Completions => Endpoint::Completions,
        args::Endpoint::Responses => Endpoint::Responses,
        args::Endpoint::Messages => Endpoint::Messages,
        args::Endpoint::Embeddings => Endpoint::Embeddings,
    }
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
