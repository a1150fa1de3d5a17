//! The suite against the fake, in memory and in virtual time: the fake does what a real vLLM 0.13.0 was recorded to do.

use http::StatusCode;
use rehearsal_conformance::{
    Detail, Level, ServerFlag, ServerProfile, Strictness, Suite, SuiteEvent, SuiteReport, Target, Verdict,
};
use rehearsal_fake::{FakeVllm, FakeVllmBuilder, Fault, FaultRule, Pacing, UsageLie};
use serde_json::json;

const KEY: &str = "sk-of-the-fake";

async fn run(suite: Suite, builder: FakeVllmBuilder, started_with: &[ServerFlag]) -> SuiteReport {
    let fake = builder.pacing(Pacing::Virtual).start_in_memory().expect("the fake's defaults are sound");
    let connector = fake.connector();
    let mut target = Target::in_memory("the fake", move || std::future::ready(Ok(connector.connect())));
    for flag in started_with {
        target = target.started_with(*flag);
    }
    if started_with.contains(&ServerFlag::ApiKey) {
        target = target.api_key(KEY);
    }
    suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("the fake is surveyed")
}

/// A real 0.13.0 fails inside the stream of U-39's request; the fake does when told so.
fn sound() -> FakeVllmBuilder {
    let fault = Fault::InBandError { after_events: 1, message: "no".into(), status: StatusCode::BAD_REQUEST };
    let rule = FaultRule::new(fault).when(|request| request.body.get("continue_final_message") == Some(&json!(true)));
    // a short context keeps the cases short that fill it
    FakeVllm::builder().max_model_len(2048).fault(rule)
}

#[track_caller]
fn is_strictly_sound(report: &SuiteReport) {
    assert_eq!(report.detection.profile, ServerProfile::Py013);
    assert_eq!(report.ended_early, None);
    let unsound: Vec<&str> = report
        .cases
        .iter()
        .filter(|case| {
            matches!(
                case.verdict,
                Verdict::Fail | Verdict::NonStrict | Verdict::Inconclusive { .. } | Verdict::Unimplemented { .. }
            )
        })
        .map(|case| case.id.as_str())
        .collect();
    assert!(unsound.is_empty(), "{unsound:?}\n{}", report.to_tree(Detail::Lines));
}

#[tokio::test(start_paused = true)]
async fn the_fake_passes_without_flags() {
    is_strictly_sound(&run(Suite::standard(), sound(), &[]).await);
}

#[tokio::test(start_paused = true)]
async fn the_fake_passes_with_every_flag_that_a_case_asks_for() {
    let builder = sound().force_include_usage().prompt_tokens_details().api_key(KEY);
    let flags = [ServerFlag::EnableForceIncludeUsage, ServerFlag::EnablePromptTokensDetails, ServerFlag::ApiKey];
    is_strictly_sound(&run(Suite::standard(), builder, &flags).await);
}

/// What the fake imitates although it is wrong.
#[tokio::test(start_paused = true)]
async fn the_fake_has_the_known_bugs_of_its_version() {
    let report = run(Suite::standard().filter("E-02"), sound(), &[]).await;
    let case = report.case("E-02").expect("the catalogue has E-02");
    assert_eq!(case.verdict.label(), "KNOWN-BUG", "a JSON array is a 500 in 0.13.0");
}

/// Prompts are salted by the seed: two runs against one server find its prefix cache cold.
#[tokio::test(start_paused = true)]
async fn every_seed_comes_to_the_same_verdicts() {
    for seed in [1, 2, 3] {
        is_strictly_sound(&run(Suite::standard().seed(seed), sound(), &[]).await);
    }
}

/// Each fault that the fake itself can have, and a case that notices it.
#[tokio::test(start_paused = true)]
async fn the_fake_s_own_faults_are_noticed() {
    let faults = [
        (Fault::WrongUsage(UsageLie::CompletionOff(1)), "U-04"),
        (Fault::WrongUsage(UsageLie::CompletionOff(-1)), "U-04"),
        (Fault::WrongUsage(UsageLie::PromptOff(1)), "U-43"),
        (Fault::WrongUsage(UsageLie::TotalOff(-1)), "U-02"),
        (Fault::WrongUsage(UsageLie::Missing), "U-01"),
        (Fault::WrongUsage(UsageLie::Missing), "U-20"),
        (Fault::WrongUsage(UsageLie::Twice), "U-20"),
        (Fault::WrongUsage(UsageLie::OnLastChoice), "U-20"),
        (Fault::WrongUsage(UsageLie::Unasked), "U-23"),
        (Fault::Cut { after_events: 3 }, "F-01"),
        (Fault::Malformed { event: 2 }, "F-01"),
        (Fault::Stall { after_events: 2 }, "F-01"),
        (Fault::Status(StatusCode::INTERNAL_SERVER_ERROR), "E-03"),
    ];
    let mut unnoticed = Vec::new();
    for (fault, id) in faults {
        // of the requests of one token those of the survey stay sound
        let rule = FaultRule::new(fault.clone()).when(|request| {
            request.path.ends_with("completions")
                && (request.body.get("max_tokens") != Some(&json!(1))
                    || (request.body.get("messages").is_none() && request.body.get("prompt").is_none()))
        });
        let report = run(Suite::standard().retain(|check| check.id == id), FakeVllm::builder().fault(rule), &[]).await;
        if !report.failed(Strictness::Normal) {
            unnoticed.push(format!("{fault:?} by {id}: {}", report.to_tree(Detail::Findings)));
        }
        assert!(report.cases.iter().all(|case| case.level == Level::Must));
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}
