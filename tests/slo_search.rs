//! The search for the highest load that meets its objectives finds, through HTTP on a paused clock, the knee that the bare
//! engine has.

use std::{sync::Arc, time::Duration};

use rehearsal::{
    Forecast,
    fake::{FakeVllm, Pacing, profile::Profile, tokenizer::Tokenizer},
    load::{
        LoadPlan, OpenLoad, RateProfile, RequestTimeline, Run, StreamTransport, Streaming, WarmUp,
        search::{Knee, LoadSearch, Slo},
    },
};

/// Few enough that the knee lies where requests queue for one of them.
const MAX_NUM_SEQS: u32 = 8;
const PROMPT: &str = "What is rehearsed is known.";

fn plan(base_url: &str, rate: f64) -> LoadPlan {
    LoadPlan::builder(base_url, "rehearsal")
        .prompt(PROMPT)
        .requests(48)
        .max_tokens(12)
        .streaming(Streaming::On)
        .warm_up(WarmUp::Skip)
        .open_load(OpenLoad::at(RateProfile::constant(rate).expect("a sound rate")).seed(11))
        .build()
        .expect("a sound plan")
}

async fn in_memory(profile: &Profile, rate: f64) -> Vec<RequestTimeline> {
    let fake = FakeVllm::builder()
        .profile(profile.clone())
        .max_num_seqs(MAX_NUM_SEQS)
        .tokenizer(Tokenizer::byte_level())
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .expect("the fake starts");
    let connector = fake.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    Run::new(plan(fake.base_url(), rate), transport).run(std::future::pending()).await.expect("the run ends").requests
}

fn on_the_bare_engine(profile: &Profile, rate: f64, prompt: &Arc<[u32]>) -> Vec<RequestTimeline> {
    let mut config = profile.engine_config().expect("the profile starts");
    config.max_num_seqs = MAX_NUM_SEQS;
    let forecast = Forecast::of(config, &plan("http://forecast", rate), |_| Arc::clone(prompt));
    forecast.expect("the engine takes the plan").requests
}

fn found(search: &LoadSearch) -> (f64, f64) {
    match search.knee() {
        Knee::Found { highest_met, lowest_missed } => (highest_met, lowest_missed),
        unresolved @ Knee::Unresolved { .. } => panic!("{unresolved:?}"),
    }
}

async fn check(name: &str, slo: &str) {
    let profile = Profile::builtin(name).expect("a built-in profile");
    let slo: Slo = slo.parse().expect("a sound objective");

    let mut search = LoadSearch::over_rate(1.0, 4096.0, 0.02).expect("sound bounds");
    let mut prompt_tokens = None;
    while let Some(rate) = search.next_level() {
        let requests = in_memory(&profile, rate).await;
        prompt_tokens = requests[0].prompt_tokens();
        search.observe(slo.judge(&requests, 0).outcome == rehearsal::load::search::SloOutcome::Met);
    }
    let (met, missed) = found(&search);

    let prompt: Arc<[u32]> = (0..u32::try_from(prompt_tokens.expect("usage")).expect("a short prompt")).collect();
    let mut truth = LoadSearch::over_rate(1.0, 4096.0, 0.001).expect("sound bounds");
    while let Some(rate) = truth.next_level() {
        let requests = on_the_bare_engine(&profile, rate, &prompt);
        truth.observe(slo.judge(&requests, 0).outcome == rehearsal::load::search::SloOutcome::Met);
    }
    let (knee, _) = found(&truth);
    let about = format!("{name}: the knee is at {knee} requests/s, found between {met} and {missed}");
    assert!(4.0 < knee, "{about}");
    assert!((met / knee - 1.0).abs() <= 0.03, "{about}");
    let alone = on_the_bare_engine(&profile, 0.01, &prompt);
    assert!(alone.iter().all(|request| request.wall() < Duration::from_secs(5)), "{about}");
}

#[tokio::test(start_paused = true)]
async fn on_one_gpu() {
    check("report-tp1", "ttft:p95<1s").await;
}

#[tokio::test(start_paused = true)]
async fn on_two_gpus() {
    check("report-tp2", "ttft:p95<600ms").await;
}

#[tokio::test(start_paused = true)]
async fn on_four_gpus_of_another_kind() {
    check("h100-llama3-70b-fp8-tp4", "ttft:p95<200ms").await;
}
