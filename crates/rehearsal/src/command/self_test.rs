//! `rehearsal self-test`: how wrong the load generator is on this machine, measured against a server that knows the truth.

use std::{collections::BTreeMap, fmt::Write, sync::mpsc, thread, time::Duration};

use anyhow::Context;
use rehearsal::{
    fake::{
        FakeVllm, JournalEntry, Pacing,
        engine::{Nanos, StepTime},
        tokenizer::Tokenizer,
    },
    load::{
        ConnectionMode, HttpTransport, LoadPlan, Outcome, RequestTimeline, Run, Streaming,
        metrics::{Accuracy, Distribution, MeterError, QuantileMethod, TrueTimes},
    },
};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::interrupt;
use crate::{
    args::{Format, SelfTestArgs},
    exit::{Exit, Expected},
    render,
};

/// The largest median bias of TTFT and ITL.
const MOST_BIAS_S: f64 = 0.000_3;

/// The largest 99th percentile of the errors.
const MOST_P99_S: f64 = 0.002;

/// What the ids of the requests begin with.
const REQUEST_IDS: &str = "self-test-";

/// What is printed as JSON.
#[derive(Serialize)]
struct SelfTest {
    concurrency: usize,
    requests: usize,
    itl_s: f64,
    accuracy: Accuracy,
    schedule_lag_s: Option<Distribution>,
    server_lateness_s: Option<Distribution>,
    within_limits: bool,
}

pub(crate) fn run(args: &SelfTestArgs) -> anyhow::Result<Exit> {
    let requests = args.requests.unwrap_or(5 * args.concurrency);
    let (ready, base_url) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let itl = args.itl;
    let (concurrency, capacity) = (args.concurrency, requests + 1);
    // a runtime of its own, as a server has a process of its own: neither waits for the other's work
    let server = thread::spawn(move || serve(itl, concurrency, capacity, &ready, stopped));
    let base_url = base_url.recv().context("the fake did not start")??;

    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let outcome = runtime.enable_all().build().context("no runtime")?.block_on(measure(args, requests, &base_url))?;
    // a server that is gone has said so already
    let _ = stop.send(());
    let journal =
        server.join().map_err(|_| anyhow::anyhow!("the fake ended early"))?.context("the fake ended early")?;

    let result = SelfTest {
        concurrency: args.concurrency,
        requests: outcome.requests.len(),
        itl_s: args.itl.as_secs_f64(),
        accuracy: Accuracy::of(&pairs(&outcome.requests, &journal)),
        schedule_lag_s: outcome.report.latency.schedule_lag_s.clone(),
        server_lateness_s: lateness(&journal),
        within_limits: false,
    };
    let result = SelfTest { within_limits: is_within_limits(&result.accuracy), ..result };
    match args.format {
        Format::Json => render::result(serde_json::to_string_pretty(&result).context("accuracy as JSON")?),
        Format::Text => render::result(text(&result)),
    }
    Ok(match (outcome.report.is_incomplete(), result.within_limits) {
        (true, _) => Exit::Incomplete,
        (false, true) => Exit::Ok,
        (false, false) => Exit::NotMet,
    })
}

fn serve(
    itl: Duration,
    concurrency: usize,
    capacity: usize,
    ready: &mpsc::Sender<anyhow::Result<String>>,
    stopped: oneshot::Receiver<()>,
) -> anyhow::Result<Vec<JournalEntry>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let started = FakeVllm::builder()
            .model("self-test")
            .tokenizer(Tokenizer::byte_level())
            .pacing(Pacing::RealTime)
            .journal_capacity(capacity)
            .engine(move |config| {
                config.step_time = StepTime::constant_ms(itl.as_secs_f64() * 1000.0);
                config.jitter_sigma = 0.0;
                config.max_num_seqs = config.max_num_seqs.max(u32::try_from(concurrency).unwrap_or(u32::MAX));
            })
            .start()
            .await;
        let server = match started {
            Ok(server) => server,
            Err(error) => {
                let _ = ready.send(Err(Expected::refused(error).into()));
                anyhow::bail!("the fake did not start");
            }
        };
        let _ = ready.send(Ok(server.base_url().to_owned()));
        let _ = stopped.await;
        Ok(server.journal())
    })
}

async fn measure(args: &SelfTestArgs, requests: usize, base_url: &str) -> anyhow::Result<Outcome> {
    let workers = u32::try_from(args.concurrency.max(1)).unwrap_or(u32::MAX);
    let plan = LoadPlan::builder(base_url, "self-test")
        .prompt("How late are you?")
        .concurrency(args.concurrency)
        .requests(requests)
        .max_tokens(args.tokens)
        .streaming(Streaming::On)
        // spread over a step, as the arrivals of independent users are
        .stagger(args.itl / workers)
        .request_ids(REQUEST_IDS)
        .extra_body(Map::from_iter([("ignore_eos".to_owned(), Value::Bool(true))]))
        .build()
        .map_err(Expected::usage)?;
    let transport = HttpTransport::new(ConnectionMode::Pooled).context("no HTTP client")?;
    Run::new(plan, transport).run(interrupt::requested()).await.context("the fake does not answer")
}

/// Each request with what the server knows of it, by the id that it was sent with; the warm-up has none.
fn pairs(requests: &[RequestTimeline], journal: &[JournalEntry]) -> Vec<(RequestTimeline, TrueTimes)> {
    let time = |at: Nanos| Duration::from_nanos(at.as_nanos());
    let truth_of = |entry: &JournalEntry| {
        let index: usize = entry.id.rsplit_once(REQUEST_IDS)?.1.parse().ok()?;
        let tokens = entry.choices.iter().flat_map(|choice| &choice.told_at).copied().map(time).collect();
        Some((index, TrueTimes { received: time(entry.read_at), tokens }))
    };
    let mut known: BTreeMap<usize, TrueTimes> = journal.iter().filter_map(truth_of).collect();
    let unknown = || TrueTimes { received: Duration::ZERO, tokens: Vec::new() };
    requests.iter().map(|request| (request.clone(), known.remove(&request.index).unwrap_or_else(unknown))).collect()
}

/// How late the fake told each token, after the instant at which the engine had it.
fn lateness(journal: &[JournalEntry]) -> Option<Distribution> {
    let choices = journal.iter().flat_map(|entry| &entry.choices);
    let late = choices.flat_map(|choice| choice.told_at.iter().zip(&choice.tokens_at));
    let seconds = late.map(|(told, due)| Duration::from(told.saturating_sub(*due)).as_secs_f64());
    Distribution::of(seconds.collect(), QuantileMethod::Type7)
}

fn is_within_limits(accuracy: &Accuracy) -> bool {
    let (Some(ttft), Some(itl), Some(e2el)) = (accuracy.ttft, accuracy.itl, accuracy.e2el) else { return false };
    [ttft, itl].iter().all(|error| error.bias_p50.abs() < MOST_BIAS_S)
        && [ttft, itl, e2el].iter().all(|error| error.p99 < MOST_P99_S)
}

fn text(result: &SelfTest) -> String {
    let mut text = format!(
        "{} requests, {} at a time, a token every {} ms; all in milliseconds\n{:<14}{:>9}{:>11}{:>11}{:>10}{:>10}{:>12}{:>10}",
        result.requests,
        result.concurrency,
        result.itl_s * 1000.0,
        "",
        "n",
        "true p50",
        "seen p50",
        "bias p50",
        "std",
        "p99 error",
        "max",
    );
    for (name, error) in [("TTFT", result.accuracy.ttft), ("ITL", result.accuracy.itl), ("E2EL", result.accuracy.e2el)]
    {
        text.push_str(&row(name, error));
    }
    // writing to a String cannot fail
    let _ = write!(
        text,
        "\nschedule lag: {}\nthe fake told its tokens late: {}; that is no error of the meter\n",
        spread(result.schedule_lag_s.as_ref()),
        spread(result.server_lateness_s.as_ref()),
    );
    if 0 < result.accuracy.unmatched {
        let _ = writeln!(text, "{} requests have no truth to compare with", result.accuracy.unmatched);
    }
    text + if result.within_limits {
        "within limits: median bias of TTFT and ITL below 0.3 ms, 99 % of all errors below 2 ms"
    } else {
        "OUTSIDE the limits: median bias of TTFT and ITL below 0.3 ms, 99 % of all errors below 2 ms; use a release build, \
         leave the machine idle, or ask for less load"
    }
}

fn spread(lengths: Option<&Distribution>) -> String {
    let Some(Distribution { mean, std, p50, p99, max, .. }) = lengths else { return "-".to_owned() };
    let ms = |seconds: f64| format!("{:.3}", seconds * 1000.0);
    let std = std.map_or_else(|| "-".to_owned(), ms);
    format!("p50 {}, mean {}, std {std}, p99 {}, max {}", ms(p50.value), ms(*mean), ms(p99.value), ms(*max))
}

fn row(name: &str, error: Option<MeterError>) -> String {
    let Some(error) = error else { return format!("\n{name:<14}{:>9}", "-") };
    let ms = |seconds: f64| format!("{:.3}", seconds * 1000.0);
    format!(
        "\n{name:<14}{:>9}{:>11}{:>11}{:>10}{:>10}{:>12}{:>10}",
        error.n,
        ms(error.true_p50),
        ms(error.measured_p50),
        format!("{:+.3}", error.bias_p50 * 1000.0),
        error.std.map_or_else(|| "-".to_owned(), ms),
        ms(error.p99),
        ms(error.max),
    )
}
