//! Open loops on the paused clock. Arrivals every 100 ms, answers after 250 ms; all figures are exact.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::float_cmp, reason = "the figures are exact")]

use std::time::Duration;

use rehearsal_load::{
    LoadPlan, LoadPlanBuilder, OpenLoad, Outcome, RateProfile, Run, Script, ScriptedTransport, Spacing, WarmUp,
    WhenFull,
    metrics::{CrossCheck, e2el, schedule_lag, scheduled_latency},
    report::WarningKind,
};

const ANSWER: &str = r#"{"model":"m","choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"length"}],
                         "usage":{"prompt_tokens":89,"total_tokens":345,"completion_tokens":256}}"#;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn plan() -> LoadPlanBuilder {
    LoadPlan::builder("http://host:8000", "m").prompt("hello").requests(4).warm_up(WarmUp::Skip)
}

fn ten_a_second() -> OpenLoad {
    OpenLoad::at(RateProfile::constant(10.0).unwrap()).spacing(Spacing::Constant)
}

async fn run(plan: LoadPlanBuilder, answer_after: Duration) -> Outcome {
    let server = ScriptedTransport::repeat(Script::json_at(answer_after, 200, ANSWER));
    Run::new(plan.build().unwrap(), server).run(std::future::pending()).await.unwrap()
}

fn sends(outcome: &Outcome) -> Vec<(usize, u128, u128, u128)> {
    let in_ms = |at: Duration| at.as_millis();
    outcome
        .requests
        .iter()
        .map(|request| (request.index, in_ms(request.scheduled), in_ms(request.started), in_ms(request.finished)))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn requests_go_out_on_schedule_whether_or_not_others_were_answered() {
    let outcome = run(plan().open_load(ten_a_second()), ms(250)).await;
    assert_eq!(sends(&outcome), [(0, 0, 0, 250), (1, 100, 100, 350), (2, 200, 200, 450), (3, 300, 300, 550)]);
    let report = &outcome.report;
    assert_eq!(report.window_s, 0.55);
    assert_eq!(report.throughput.mean_concurrency, Some(1.0 / 0.55));
    assert_eq!((report.counts.waited_for_slot, report.counts.dropped), (0, 0));
    assert!(report.cross_checks.iter().all(CrossCheck::holds));
    let load = report.plan.open_load.as_ref().unwrap();
    assert_eq!((load.scheduled, load.schedule_end_s, load.spacing.as_str()), (4, 0.3, "constant"));
    assert_eq!(load.request_rate.as_deref(), Some("10"));
}

/// One slot, so that each request waits for the one before: sent at 0, 250, 500, 750 although due at 0, 100, 200, 300.
#[tokio::test(start_paused = true)]
async fn trap_25_the_wait_for_a_slot_is_in_the_scheduled_latency_and_in_no_other() {
    let outcome = run(plan().open_load(ten_a_second().max_concurrency(1)), ms(250)).await;
    assert_eq!(sends(&outcome), [(0, 0, 0, 250), (1, 100, 250, 500), (2, 200, 500, 750), (3, 300, 750, 1000)]);
    let service: Vec<_> = outcome.requests.iter().map(|request| e2el(request).unwrap()).collect();
    assert_eq!(service, [ms(250); 4]);
    let scheduled: Vec<_> = outcome.requests.iter().map(|request| scheduled_latency(request).unwrap()).collect();
    assert_eq!(scheduled, [ms(250), ms(400), ms(550), ms(700)]);
    assert_eq!(outcome.report.latency.scheduled_latency_s.as_ref().unwrap().mean, 0.475);
    assert_eq!(outcome.report.latency.e2el_s.as_ref().unwrap().mean, 0.25);
    // the generator itself was never late: the server had no room
    assert!(outcome.requests.iter().all(|request| schedule_lag(request).is_zero()));
    assert_eq!((outcome.report.counts.waited_for_slot, outcome.report.counts.dropped), (3, 0));
}

/// One slot: 0 is served until 250, so 1 and 2 (due at 100 and 200) find none; 3 (due at 300) does.
#[tokio::test(start_paused = true)]
async fn trap_32_arrivals_that_are_dropped_for_want_of_a_slot_are_counted() {
    let load = ten_a_second().max_concurrency(1).when_full(WhenFull::Drop);
    let outcome = run(plan().open_load(load), ms(250)).await;
    assert_eq!(sends(&outcome), [(0, 0, 0, 250), (3, 300, 300, 550)]);
    let counts = &outcome.report.counts;
    assert_eq!((counts.planned, counts.finished, counts.ok, counts.dropped), (4, 2, 2, 2));
    assert!(outcome.report.warnings.iter().any(|warning| {
        warning.kind == WarningKind::ArrivalsDropped && warning.message.starts_with("2 of 4 arrivals found no slot")
    }));
}

#[tokio::test(start_paused = true)]
async fn a_duration_ends_the_sending_and_what_is_in_flight_is_waited_for() {
    let closed = LoadPlan::builder("http://host:8000", "m").prompt("hello").warm_up(WarmUp::Skip).duration(ms(250));
    let outcome = run(closed, ms(100)).await;
    assert_eq!(sends(&outcome), [(0, 0, 0, 100), (1, 100, 100, 200), (2, 200, 200, 300)]);
    assert_eq!(outcome.report.counts.planned, 3);
    assert_eq!(outcome.report.plan.duration_s, Some(0.25));

    let outcome = run(plan().requests(9).duration(ms(250)).open_load(ten_a_second()), ms(1000)).await;
    assert_eq!(sends(&outcome), [(0, 0, 0, 1000), (1, 100, 100, 1100), (2, 200, 200, 1200)]);
}

#[tokio::test(start_paused = true)]
async fn steps_end_with_their_last_phase() {
    let second = Duration::from_secs(1);
    let load = OpenLoad::at(RateProfile::steps([(2.0, second), (4.0, second)]).unwrap()).spacing(Spacing::Constant);
    let plan = LoadPlan::builder("http://host:8000", "m").prompt("hello").warm_up(WarmUp::Skip).open_load(load);
    let outcome = run(plan, ms(10)).await;
    let due: Vec<u128> = outcome.requests.iter().map(|request| request.scheduled.as_millis()).collect();
    assert_eq!(due, [0, 500, 1000, 1250, 1500, 1750]);
}

#[test]
fn slots_must_be_at_least_one() {
    let message = plan().open_load(ten_a_second().max_concurrency(0)).build().unwrap_err().to_string();
    assert_eq!(message, "`max_concurrency` must be at least 1, got 0");
}
