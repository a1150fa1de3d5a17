//! The strongest test there is: the bare engine, and the whole way through HTTP on a paused clock, give the same report.
//!
//! In virtual time tokio rounds every wait up to a millisecond. A request's instants are then late by at most one such step at its start and
//! one at its end, and each turn of the closed loop can add one more; nothing else may differ.

use std::{sync::Arc, time::Duration};

use rehearsal::{
    Forecast,
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{LoadPlan, LoadPlanBuilder, Outcome, RequestTimeline, Run, StreamTransport, Streaming},
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
    let fake = FakeVllm::builder()
        .profile(profile.clone())
        .tokenizer(Tokenizer::byte_level())
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .expect("the fake starts");
    let built = plan(fake.base_url(), &profile, concurrency, requests, streaming).build().expect("a sound plan");
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
    let waves = u32::try_from(requests.div_ceil(concurrency)).expect("few waves");
    let drift = GRID * (2 + 2 * waves);
    for (ran, forecast) in sorted(&run).into_iter().zip(sorted(&forecast.requests)) {
        let about = format!("{name}, c = {concurrency}, request {}: {ran:?} against {forecast:?}", ran.index);
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
