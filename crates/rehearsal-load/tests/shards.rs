//! Shards of one plan, run on the paused clock and merged, are the run of the whole plan: every figure, exactly.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{num::NonZeroUsize, time::Duration};

use rehearsal_load::{
    Event, JsonlLog, LoadPlan, LoadPlanBuilder, Observer, OpenLoad, RateProfile, Run, Script, ScriptedTransport, Shard,
    WarmUp,
    report::{MergeError, PlanSummary, Recording},
};
use tokio::time::Instant;

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
                         "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The recording of a run against a server that answers after 40 ms, through its log.
async fn record(plan: LoadPlanBuilder) -> Recording {
    let plan = plan.warm_up(WarmUp::Skip).build().unwrap();
    let transport = ScriptedTransport::repeat(Script::json_at(ms(40), 200, ANSWER));
    let outcome = Run::new(plan.clone(), transport).run(std::future::pending()).await.unwrap();
    let mut text = Vec::new();
    let mut log = JsonlLog::new(&mut text);
    log.on_event(&Event::Started { plan: &plan }).unwrap();
    let mut recording = Recording::read(text.as_slice()).unwrap();
    assert_eq!(recording.plan, PlanSummary::from(&plan));
    (recording.requests, recording.window) = (outcome.requests, outcome.window);
    recording.completion = outcome.report.completion;
    recording
}

async fn shards(of: usize, plan: impl Fn() -> LoadPlanBuilder) -> Vec<Recording> {
    let mut shards = Vec::new();
    for number in 0..of {
        shards.push(record(plan().shard(format!("{number}/{of}").parse().unwrap())).await);
    }
    shards
}

#[track_caller]
fn equal(merged: &Recording, single: &Recording) {
    assert_eq!(merged.report(), single.report());
    assert_eq!(merged.seed_report(), single.seed_report());
    assert_eq!(merged, single);
}

#[tokio::test(start_paused = true)]
async fn an_open_loop_in_four_shards_is_the_single_run() {
    // on the clock's own grid, so that no shard's timer rounds what another's does not
    let plan = || {
        let load = OpenLoad::at(RateProfile::constant(200.0).unwrap()).spacing(rehearsal_load::Spacing::Constant);
        LoadPlan::builder("http://host", "m").requests(101).open_load(load)
    };
    let single = record(plan()).await;
    let mut shards = shards(4, plan).await;
    let sent: Vec<usize> = shards.iter().map(|shard| shard.requests.len()).collect();
    assert_eq!(sent, [26, 25, 25, 25]);
    let hash = |recording: &Recording| recording.plan.open_load.as_ref().unwrap().schedule_hash.clone();
    assert!(shards.iter().all(|shard| hash(shard) == hash(&single)));
    shards.reverse();
    equal(&Recording::merge(shards).unwrap(), &single);
}

#[tokio::test(start_paused = true)]
async fn a_closed_loop_and_slots_are_shared_too() {
    let closed = || LoadPlan::builder("http://host", "m").concurrency(8).requests(40);
    equal(&Recording::merge(shards(4, closed).await).unwrap(), &record(closed()).await);

    let slots = || {
        let load = OpenLoad::at(RateProfile::constant(50.0).unwrap())
            .spacing(rehearsal_load::Spacing::Constant)
            .max_concurrency(6);
        LoadPlan::builder("http://host", "m").requests(30).open_load(load)
    };
    equal(&Recording::merge(shards(3, slots).await).unwrap(), &record(slots()).await);
}

#[tokio::test(start_paused = true)]
async fn shards_that_do_not_belong_together_are_refused() {
    let at = |rate: f64| {
        move || {
            LoadPlan::builder("http://host", "m")
                .requests(12)
                .open_load(OpenLoad::at(RateProfile::constant(rate).unwrap()))
        }
    };
    let whole = shards(3, at(100.0)).await;
    let merge = |logs: Vec<Recording>| Recording::merge(logs).unwrap_err();
    assert_eq!(merge(whole[..2].to_vec()), MergeError::Missing { number: 2, of: 3, given: 2 });
    let twice = vec![whole[0].clone(), whole[1].clone(), whole[1].clone()];
    assert_eq!(merge(twice), MergeError::Twice { log: 3, shard: "1/3".parse().unwrap() });
    let unsharded = record(at(100.0)()).await;
    let error = merge(vec![whole[0].clone(), unsharded]);
    assert!(error.to_string().contains("log 2 is of shard none"), "{error}");
    let other = shards(3, at(50.0)).await;
    let error = merge(vec![whole[0].clone(), other[1].clone(), whole[2].clone()]);
    assert!(error.to_string().contains("`schedule_hash`"), "{error}");
}

#[test]
fn a_shard_without_a_part_is_refused() {
    let shard: Shard = "3/4".parse().unwrap();
    assert_eq!(shard.of(), NonZeroUsize::new(4).unwrap());
    let few = LoadPlan::builder("http://host", "m").concurrency(3).requests(40).shard(shard).build().unwrap_err();
    assert!(few.to_string().contains("shard 3/4 has no part of `concurrency` = 3; raise it to at least 4"), "{few}");
    let few = LoadPlan::builder("http://host", "m").concurrency(8).requests(2).shard(shard).build().unwrap_err();
    assert!(few.to_string().contains("`requests` = 2"), "{few}");
}

#[tokio::test(start_paused = true)]
async fn a_common_start_is_waited_for_and_a_late_generator_says_so() {
    let plan = |warm_up| LoadPlan::builder("http://host", "m").requests(2).warm_up(warm_up).build().unwrap();
    let server = || ScriptedTransport::repeat(Script::json_at(ms(40), 200, ANSWER));
    let begun = Instant::now();
    let run = Run::new(plan(WarmUp::One), server()).start_at(begun + ms(1000));
    let outcome = run.run(std::future::pending()).await.unwrap();
    assert_eq!(begun.elapsed(), ms(1080), "the warm-up of 40 ms is before the start");
    assert_eq!(outcome.window, ms(80));

    // a warm-up of 40 ms that ends 30 ms after the start
    let run = Run::new(plan(WarmUp::One), server()).start_at(Instant::now() + ms(10));
    let outcome = run.run(std::future::pending()).await.unwrap();
    assert_eq!(outcome.requests[0].started, ms(30));
    assert!((outcome.report.latency.schedule_lag_s.unwrap().max - 0.03).abs() < 1e-12);
}
