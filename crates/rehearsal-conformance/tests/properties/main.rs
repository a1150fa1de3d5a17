//! Laws against generated requests: the fake keeps them, and a fault is found and shrunk.

mod lying;

use std::time::Duration;

use futures_util::{FutureExt, future::BoxFuture};
use rehearsal_conformance::{
    CaseReport, Detail, Properties, Strictness, Suite, SuiteEvent, SuiteReport, Target, Verdict,
};
use rehearsal_fake::{
    FakeVllm, FakeVllmBuilder, Fault, FaultRule, FrontendOptions, Pacing, UsageLie, profile::Profile,
};
use rehearsal_load::transport::StreamTransport;
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use self::lying::{Lie, Lying, add, add_completion};

/// The target keeps the fake up.
fn target(builder: FakeVllmBuilder) -> Target {
    let fake = builder.pacing(Pacing::Virtual).start_in_memory().expect("the fake's defaults are sound");
    Target::in_memory("the fake", move || std::future::ready(Ok(fake.connector().connect())))
}

fn suite(properties: Properties, laws: &str, seed: u64) -> Suite {
    Suite::standard().properties(properties).filter(laws).seed(seed)
}

fn laws(builder: FakeVllmBuilder, laws: &str, seed: u64, requests: u64) -> BoxFuture<'_, SuiteReport> {
    async move {
        let suite = suite(Properties::standard().requests(requests), laws, seed);
        suite.run(&target(builder), |_: &SuiteEvent<'_>| {}).await.expect("the fake is surveyed")
    }
    .boxed()
}

/// The members of the smallest request that was found, without `model`, sorted.
fn smallest(case: &CaseReport) -> Vec<String> {
    let found = case.findings.iter().find(|finding| finding.verdict == Verdict::Fail).expect("the law is broken");
    let exchange = found.exchange.and_then(|at| case.exchanges.get(at)).expect("the exchange is kept");
    let body = exchange.request.body.as_ref().and_then(Value::as_object).expect("an object was sent");
    let mut members: Vec<String> = body.keys().filter(|name| *name != "model").cloned().collect();
    members.sort();
    members
}

/// Every version that was recorded, with tokens that come one by one and in threes.
#[tokio::test(start_paused = true)]
async fn the_fake_keeps_every_law_as_every_recorded_version() {
    for (version, interval, seed) in
        [("0.13.0", 1, 1), ("0.13.0", 3, 2), ("0.32.0", 1, 3), ("0.32.0", 3, 4), ("0.32.0-rust", 1, 5)]
    {
        let mut frontend = FrontendOptions::for_model("tiny");
        frontend.stream_interval = interval.try_into().expect("above 0");
        let builder = FakeVllm::builder().frontend(frontend).prompt_tokens_details();
        let builder = builder.vllm_version(version.parse().expect("a version that the fake knows"));
        let report = laws(builder, "P-", seed, 60).await;
        assert!(!report.failed(Strictness::Strict), "{version}, seed {seed}: {}", report.to_tree(Detail::Lines));
        assert_eq!(report.ended_early, None);
        // the Rust frontend refuses several choices; all else is judged
        let unjudged: Vec<&str> =
            report.cases.iter().filter(|case| case.verdict.label() == "SKIPPED").map(|case| case.id.as_str()).collect();
        let expected: &[&str] = if version == "0.32.0-rust" { &["P-05"] } else { &[] };
        assert_eq!(unjudged, expected, "{version}: {}", report.to_tree(Detail::Findings));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_usage_is_shrunk_to_the_prompt_alone() {
    for (lie, law, members) in [
        (UsageLie::TotalOff(1), "P-01", vec!["prompt"]),
        (UsageLie::PromptOff(-1), "P-04", vec!["prompt"]),
        (UsageLie::Twice, "P-13", vec!["prompt", "stream", "stream_options"]),
        (UsageLie::Unasked, "P-14", vec!["prompt", "stream"]),
        (UsageLie::CompletionOff(-1), "P-06", vec!["prompt", "return_token_ids"]),
    ] {
        let rule = FaultRule::new(Fault::WrongUsage(lie)).when(|request| request.path.ends_with("completions"));
        let report = laws(FakeVllm::builder().fault(rule), law, 1, 60).await;
        let case = report.case(law).expect("a law");
        assert_eq!(case.verdict, Verdict::Fail, "{law}: {}", report.to_tree(Detail::Findings));
        assert_eq!(smallest(case), members, "{law}: {}", report.to_tree(Detail::Findings));
        let curl = report.curl(case).expect("a failed law has a line");
        assert!(
            curl.starts_with("curl -sN \"$BASE_URL/v1/completions\" -H 'content-type: application/json' -d '{"),
            "{curl}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_tries_the_same_requests() {
    let sent = |report: &SuiteReport| -> Vec<Value> {
        report
            .cases
            .iter()
            .flat_map(|case| &case.exchanges)
            .filter_map(|exchange| exchange.request.body.clone())
            .collect()
    };
    let faulty = || FakeVllm::builder().fault(FaultRule::new(Fault::WrongUsage(UsageLie::CompletionOff(1))));
    let (first, second, other) =
        (laws(faulty(), "P-06", 4, 40).await, laws(faulty(), "P-06", 4, 40).await, laws(faulty(), "P-06", 5, 40).await);
    assert!(!sent(&first).is_empty());
    assert_eq!(sent(&first), sent(&second));
    assert_ne!(sent(&first), sent(&other));
}

/// A fake whose tokens take time: the report's single GPU.
fn timed() -> FakeVllmBuilder {
    FakeVllm::builder().profile(Profile::builtin("report-tp1").expect("a built-in profile"))
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_when_its_time_is_up_and_keeps_what_it_found() {
    let begun = Instant::now();
    let rule = FaultRule::new(Fault::WrongUsage(UsageLie::TotalOff(1)));
    let suite = suite(Properties::standard().time(Duration::from_secs(30)), "P-0", 1);
    let report = suite.run(&target(timed().fault(rule)), |_: &SuiteEvent<'_>| {}).await.expect("surveyed");
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
    assert_eq!(report.ended_early, None);
    let broken = report.case("P-01").expect("a law");
    assert_eq!(broken.verdict, Verdict::Fail, "{}", report.to_tree(Detail::Findings));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_tells_what_it_found_until_then() {
    let interrupt = Instant::now() + Duration::from_secs(30);
    let stop = async move {
        sleep_until(interrupt).await;
        "interrupted".to_owned()
    };
    let suite = suite(Properties::standard(), "P-", 1);
    let report = suite.run_until(&target(timed()), |_: &SuiteEvent<'_>| {}, stop).await.expect("surveyed");
    assert_eq!(report.ended_early.as_deref(), Some("in the generated requests: interrupted"));
    assert_eq!(report.cases.len(), 16);
    assert!(0 < report.counts.pass && report.counts.fail == 0, "{}", report.to_tree(Detail::Lines));
}

/// Four faults that real servers have had, each with a law that finds it.
const LIES: [(&str, &str, Lie); 4] = [
    ("a stop string that is not counted", "P-06", |_, before, told| {
        let stopped = |told: &Value| told.pointer("/choices/0/stop_reason").is_some_and(Value::is_string);
        if before.iter().any(stopped) || stopped(told) {
            add_completion(told, -1);
        }
    }),
    ("a prompt that is counted once for each choice", "P-05", |request, _, told| {
        let prompt = told.pointer("/usage/prompt_tokens").and_then(Value::as_i64).unwrap_or_default();
        let more = prompt * (request["n"].as_i64().unwrap_or(1) - 1);
        add(told, "/usage/prompt_tokens", more);
        add(told, "/usage/total_tokens", more);
    }),
    ("more cached tokens than the prompt has", "P-03", |_, _, told| {
        let prompt = told.pointer("/usage/prompt_tokens").and_then(Value::as_i64).unwrap_or_default();
        if 0 < told.pointer("/usage/prompt_tokens_details/cached_tokens").and_then(Value::as_i64).unwrap_or_default() {
            add(told, "/usage/prompt_tokens_details/cached_tokens", prompt);
        }
    }),
    ("continuous usage that is one behind where tokens come together", "P-11", |_, _, told| {
        let text = told.pointer("/choices/0/text").or(told.pointer("/choices/0/delta/content"));
        if text.and_then(Value::as_str).is_some_and(|text| 1 < text.chars().count()) {
            add_completion(told, -1);
        }
    }),
];

#[tokio::test(start_paused = true)]
async fn faults_that_real_servers_had_are_found_and_shrunk_to_three_members() {
    for (fault, law, lie) in LIES {
        let mut frontend = FrontendOptions::for_model("tiny");
        frontend.stream_interval = 3.try_into().expect("above 0");
        let builder = FakeVllm::builder().frontend(frontend).prompt_tokens_details().pacing(Pacing::Virtual);
        let fake = builder.start_in_memory().expect("the fake's defaults are sound");
        let inner = StreamTransport::new(move || std::future::ready(Ok(fake.connector().connect())));
        let target = Target::new("http://lying", Lying { inner, lie });
        let suite = suite(Properties::standard().requests(80), law, 1);
        let report = suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("surveyed");
        let case = report.case(law).expect("a law");
        assert_eq!(case.verdict, Verdict::Fail, "{fault}: {}", report.to_tree(Detail::Findings));
        assert!(smallest(case).len() <= 3, "{fault}: {}", report.to_tree(Detail::Findings));
    }
}
