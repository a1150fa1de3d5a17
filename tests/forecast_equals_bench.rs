//! The strongest test there is: the bare engine, and the whole way through HTTP on a paused clock, give the same report.
//!
//! In virtual time tokio rounds every wait up to a millisecond. A request's instants are then late by at most one such step at its start and
//! one at its end, and each turn of the closed loop can add one more; nothing else may differ.

use std::{sync::Arc, time::Duration};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rehearsal::{
    Forecast,
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{
        LoadPlan, LoadPlanBuilder, OpenLoad, Outcome, RateProfile, RequestTimeline, Run, Spacing, StreamTransport,
        Streaming,
    },
};

const PROMPT: &str = "What is rehearsed is known.";
const GRID: Duration = Duration::from_millis(1);

fn plan(
    base_url: &str,
    profile: &Profile,
    concurrency: usize,
    requests: usize,
    streaming: Streaming,
) -> LoadPlanBuilder {
    LoadPlan::builder(base_url, "rehearsal")
        .prompt(PROMPT)
        .concurrency(concurrency)
        .requests(requests)
        .max_tokens(48)
        .streaming(streaming)
        .turnaround(Duration::from(profile.client.turnaround))
        .stagger(Duration::from(profile.client.stagger))
}

fn within(a: Duration, b: Duration, bound: Duration) -> bool {
    a.abs_diff(b) <= bound
}

fn sorted(requests: &[RequestTimeline]) -> Vec<&RequestTimeline> {
    let mut requests: Vec<&RequestTimeline> = requests.iter().collect();
    requests.sort_by_key(|request| request.index);
    requests
}

async fn check(name: &str, concurrency: usize, requests: usize, streaming: Streaming) {
    let profile = Profile::builtin(name).expect("a built-in profile");
    let shape = |base_url: &str| plan(base_url, &profile, concurrency, requests, streaming);
    check_plan(&profile, &format!("{name}, c = {concurrency}"), requests.div_ceil(concurrency), shape).await;
}

/// Rehearses a plan both ways; `waves` is how often a worker sends.
async fn check_plan(profile: &Profile, name: &str, waves: usize, shape: impl Fn(&str) -> LoadPlanBuilder) {
    let fake = FakeVllm::builder()
        .profile(profile.clone())
        .tokenizer(Tokenizer::byte_level())
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .expect("the fake starts");
    let built = shape(fake.base_url()).build().expect("a sound plan");
    let connector = fake.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let Outcome { requests: run, report, .. } =
        Run::new(built.clone(), transport).run(std::future::pending()).await.expect("the run ends");

    let prompt_tokens = run[0].prompt_tokens().expect("usage is always there");
    let prompt: Arc<[u32]> = (0..u32::try_from(prompt_tokens).expect("a short prompt")).collect();
    let config = profile.engine_config().expect("the profile starts");
    let forecast = Forecast::of(config, &built, |_| Arc::clone(&prompt)).expect("the engine takes the plan");

    assert_eq!(report.counts, forecast.report.counts, "{name}");
    assert_eq!(report.tokens.completion, forecast.report.tokens.completion, "{name}");
    assert_eq!(report.tokens.prompt, forecast.report.tokens.prompt, "{name}");
    let drift = GRID * (2 + 2 * u32::try_from(waves).expect("few waves"));
    for (ran, forecast) in sorted(&run).into_iter().zip(sorted(&forecast.requests)) {
        let about = format!("{name}, request {}: {ran:?} against {forecast:?}", ran.index);
        assert!(within(ran.finished, forecast.finished, drift), "{about}");
        assert!(within(ran.wall(), forecast.wall(), 2 * GRID), "{about}");
        assert_eq!(ran.chunks.len(), forecast.chunks.len(), "{about}");
        for (ran, forecast) in ran.chunks.iter().zip(&forecast.chunks) {
            assert!(within(ran.at, forecast.at, drift), "{about}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn on_one_gpu() {
    check("report-tp1", 16, 48, Streaming::Off).await;
}

#[tokio::test(start_paused = true)]
async fn on_two_gpus() {
    check("report-tp2", 16, 48, Streaming::Off).await;
}

#[tokio::test(start_paused = true)]
async fn streamed() {
    check("rtxpro6000-72b-fp8-tp2", 5, 12, Streaming::On).await;
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time() {
    check("rtxpro6000-72b-fp8-tp1", 1, 3, Streaming::On).await;
}

/// Twenty plans of every shape: closed loops whose turnaround ends well within a step, where a millisecond cannot move a request into another
/// one, and open loops slow enough to find the engine idle.
#[tokio::test(start_paused = true)]
async fn of_twenty_random_plans() {
    let mut random = ChaCha8Rng::seed_from_u64(20_261_124);
    let names = ["report-tp1", "report-tp2", "rtxpro6000-72b-fp8-roofline-tp1", "rtxpro6000-72b-fp8-amdahl-tp2"];
    for index in 0..20 {
        let name = names[random.random_range(0..names.len())];
        let profile = Profile::builtin(name).expect("a built-in profile");
        let requests = random.random_range(1..40_usize);
        let concurrency = random.random_range(1..20_usize);
        let max_tokens = random.random_range(1..60_u32);
        let streaming = if random.random() { Streaming::On } else { Streaming::Off };
        let turnaround = Duration::from_micros(random.random_range(3_000..15_000));
        let stagger = Duration::from_micros(random.random_range(0..500));
        let open = index % 5 == 4;
        let about =
            format!("plan {index}: {name}, c = {concurrency}, n = {requests}, {max_tokens} tokens, open {open}");
        let shape = |base_url: &str| {
            let plan = plan(base_url, &profile, concurrency, requests, streaming);
            if open {
                let idle = RateProfile::constant(0.9 / (0.1 * f64::from(max_tokens))).expect("a rate");
                plan.open_load(OpenLoad::at(idle).spacing(Spacing::Constant)).max_tokens(max_tokens)
            } else {
                plan.max_tokens(max_tokens).turnaround(turnaround).stagger(stagger)
            }
        };
        check_plan(&profile, &about, if open { 1 } else { requests.div_ceil(concurrency) }, shape).await;
    }
}
