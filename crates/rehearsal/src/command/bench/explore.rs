//! Sweeps and searches: several runs, one table.

use anyhow::Context;
use futures_util::{FutureExt, future::Shared};
use rehearsal::load::{
    Outcome,
    search::{Exploration, Knee, LoadSearch, Probe, Unresolved, Variable},
};

use super::{outputs, perform, table, target::Target};
use crate::{
    args::{
        BenchArgs, Format,
        bench::{LoadFlags, RequestRate, flags},
    },
    exit::{Exit, Expected},
    render,
};

/// Waves of a closed loop without a number of requests, and its fewest requests.
const WAVES: f64 = 4.0;
const FEWEST_REQUESTS: f64 = 64.0;
/// Seconds of an open loop without a number of requests or a duration, and how many median latencies of the first run they
/// are at least: what is more than a server bears shows only once its batch is full.
const RATE_SECONDS: f64 = 60.0;
const LATENCIES: f64 = 8.0;

/// Makes the runs that `--sweep` or `--search` ask for.
pub(super) async fn run(args: &BenchArgs, target: &Target, stop: impl Future<Output = ()>) -> anyhow::Result<Exit> {
    let swept = args.explore.sweep.as_ref().map(|sweep| sweep.variable).or(args.explore.search);
    if args.workload.trace.is_some() && swept == Some(flags::Variable::Concurrency) {
        return Err(Expected::usage("a trace has arrivals of its own and no concurrency; sweep or search rate").into());
    }
    let file = outputs::open_report(args)?;
    let stop = stop.shared();
    let (exploration, exit) = match (&args.explore.sweep, args.explore.search) {
        (Some(sweep), _) => self::sweep(args, target, stop, variable(sweep.variable), &sweep.levels).await?,
        (None, Some(wanted)) => search(args, target, stop, variable(wanted)).await?,
        (None, None) => return Err(Expected::usage("neither --sweep nor --search").into()),
    };
    let json = || serde_json::to_string_pretty(&exploration).context("runs as JSON");
    if let Some((path, file)) = file {
        outputs::fill(&path, file, &json()?)?;
    }
    match args.format {
        Format::Text => render::result(table::exploration(&exploration)),
        Format::Json => render::result(json()?),
    }
    Ok(exit)
}

async fn sweep<S: Future<Output = ()>>(
    args: &BenchArgs,
    target: &Target,
    stop: Shared<S>,
    variable: Variable,
    levels: &[f64],
) -> anyhow::Result<(Exploration, Exit)> {
    let mut exploration = Exploration::new(variable);
    for level in levels {
        let outcome =
            probe(args, target, stop.clone(), &at_level(&args.load, variable, *level, 0, RATE_SECONDS)).await?;
        exploration.probes.push(judged(args, *level, &outcome));
        if stop.peek().is_some() {
            return Ok((exploration, Exit::Incomplete));
        }
    }
    let all_failed = exploration.probes.iter().all(|probe| probe.report.counts.ok == 0);
    Ok((exploration, if all_failed { Exit::Incomplete } else { Exit::Ok }))
}

async fn search<S: Future<Output = ()>>(
    args: &BenchArgs,
    target: &Target,
    stop: Shared<S>,
    variable: Variable,
) -> anyhow::Result<(Exploration, Exit)> {
    let mut search = first_level(args, variable)?.repeats(args.explore.search_repeats);
    let mut exploration = Exploration::new(variable);
    let mut seconds = None;
    while let Some(level) = search.next_level() {
        let load = at_level(&args.load, variable, level, search.runs_of_level(), seconds.unwrap_or(RATE_SECONDS));
        let outcome = probe(args, target, stop.clone(), &load).await?;
        if let (None, Some(latency)) = (seconds, &outcome.report.latency.e2el_s) {
            seconds = Some(RATE_SECONDS.max(LATENCIES * latency.p50.value));
        }
        let probe = judged(args, level, &outcome);
        render::note(table::probe_line(variable, &probe));
        if stop.peek().is_some() {
            search.stop();
        } else {
            search.observe(probe.meets_all());
        }
        exploration.probes.push(probe);
    }
    let knee = search.knee();
    exploration.end_search(knee);
    for warning in &exploration.warnings {
        render::warning(warning);
    }
    let exit = match knee {
        Knee::Unresolved { reason: Unresolved::NothingMeets, .. } => Exit::NotMet,
        Knee::Unresolved { reason: Unresolved::Stopped | Unresolved::RepeatsDisagree, .. } => Exit::Incomplete,
        _ => Exit::Ok,
    };
    Ok((exploration, exit))
}

fn first_level(args: &BenchArgs, variable: Variable) -> anyhow::Result<LoadSearch> {
    let most = args.explore.search_max;
    let search = match variable {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
        Variable::Concurrency => {
            LoadSearch::over_concurrency(u32::try_from(args.load.concurrency).unwrap_or(u32::MAX), most as u32)
        }
        Variable::RequestRate => {
            let from = match &args.load.request_rate {
                None => 1.0,
                Some(RequestRate::Constant(rate)) => *rate,
                Some(_) => return Err(Expected::usage("--search rate starts from a constant --request-rate").into()),
            };
            LoadSearch::over_rate(from, most, args.explore.search_tolerance)
        }
    };
    search.map_err(|error| Expected::usage(format!("--search: {error}")).into())
}

async fn probe(
    args: &BenchArgs,
    target: &Target,
    stop: impl Future<Output = ()>,
    load: &LoadFlags,
) -> anyhow::Result<Outcome> {
    let (_, run, server) = target.run(args, load)?;
    let outcome = perform(run, stop).await?;
    drop(server);
    Ok(outcome)
}

fn judged(args: &BenchArgs, level: f64, outcome: &Outcome) -> Probe {
    let slos = args.explore.slo.iter().map(|slo| slo.judge(&outcome.requests, outcome.report.counts.dropped)).collect();
    Probe { level, slos, report: outcome.report.clone() }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "levels are checked, and a cast saturates")]
fn at_level(flags: &LoadFlags, variable: Variable, level: f64, repeat: u32, seconds: f64) -> LoadFlags {
    let mut flags = flags.clone();
    flags.seed = flags.seed.wrapping_add(repeat.into());
    let requests = match variable {
        Variable::Concurrency => {
            flags.concurrency = level as usize;
            flags.request_rate = None;
            WAVES * level
        }
        Variable::RequestRate => {
            flags.request_rate = Some(RequestRate::Constant(level));
            seconds * level
        }
    };
    if flags.requests.is_none() && flags.duration.is_none() {
        flags.requests = Some(requests.max(FEWEST_REQUESTS).ceil() as usize);
    }
    flags
}

fn variable(wanted: flags::Variable) -> Variable {
    match wanted {
        flags::Variable::Concurrency => Variable::Concurrency,
        flags::Variable::Rate => Variable::RequestRate,
    }
}
