//! Shards of one schedule, merged, are the run that nobody split.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use rehearsal_load::{
    Completion, LoadPlan, Run, Script, ScriptedTransport,
    report::{MergeError, PlanSummary, Recording, to_html},
};

/// 16 requests by 4 workers against a server whose answers take 100 to 250 ms, and fail now and then.
async fn single() -> Recording {
    let answer = |tokens: u32| {
        format!(
            r#"{{"choices":[{{"index":0,"message":{{"content":"hi"}},"finish_reason":"stop"}}],
                "usage":{{"prompt_tokens":3,"total_tokens":{},"completion_tokens":{tokens}}}}}"#,
            tokens + 3
        )
    };
    let scripts = (0..17u32).map(|index| match index {
        7 => Script::json_at(Duration::from_millis(5), 503, "busy"),
        _ => Script::json_at(Duration::from_millis(100 + u64::from(index * 37 % 150)), 200, &answer(index + 1)),
    });
    let plan = LoadPlan::builder("http://host", "m").concurrency(4).requests(16).build().unwrap();
    let summary = PlanSummary::from(&plan);
    let outcome = Run::new(plan, ScriptedTransport::new(scripts)).run(std::future::pending()).await.unwrap();
    Recording {
        plan: summary,
        started_unix: Some(Duration::from_secs(7)),
        warm_up: None,
        requests: outcome.requests,
        server: Vec::new(),
        window: outcome.window,
        completion: Completion::Complete,
    }
}

/// Every fourth request each, as four generators would have sent them.
fn split(single: &Recording) -> Vec<Recording> {
    let shard = |number: usize| {
        let mut shard = single.clone();
        shard.plan.concurrency = 1;
        shard.plan.requests = 4;
        shard.requests.retain(|request| request.index % 4 == number);
        shard.window = shard.requests.iter().map(|request| request.finished).max().unwrap();
        shard
    };
    (0..4).map(shard).collect()
}

#[tokio::test(start_paused = true)]
async fn four_shards_give_the_single_runs_report_exactly() {
    let single = single().await;
    assert_eq!(single.requests.iter().filter(|request| !request.verdict.is_success()).count(), 1);
    let mut shards = split(&single);
    shards.rotate_left(2);
    let merged = Recording::merge(shards).unwrap();
    // every figure: counts, sums, quantiles with their intervals, cross-checks
    assert_eq!(merged.report(), single.report());
    assert_eq!(merged.seed_report(), single.seed_report());
    assert_eq!(merged, single);
    // and through the file
    assert_eq!(Recording::read(merged.to_jsonl().as_bytes()).unwrap(), single);
}

#[tokio::test(start_paused = true)]
async fn generators_that_counted_from_zero_each_are_numbered_again() {
    let single = single().await;
    let mut shards = split(&single);
    for shard in &mut shards {
        for (index, request) in shard.requests.iter_mut().enumerate() {
            request.index = index;
        }
    }
    let merged = Recording::merge(shards).unwrap();
    assert!(merged.requests.iter().enumerate().all(|(place, request)| place == request.index));
    assert_eq!(merged.report().latency, single.report().latency);
    assert_eq!(merged.report().tokens, single.report().tokens);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_was_killed_makes_the_whole_partial_and_another_load_is_refused() {
    let single = single().await;
    let mut shards = split(&single);
    shards[1].completion = Completion::Partial { cut_line: true };
    shards[2].completion = Completion::Interrupted { abandoned: 1 };
    let merged = Recording::merge(shards.clone()).unwrap();
    assert_eq!(merged.completion, Completion::Partial { cut_line: true });
    assert_eq!(
        Recording::read(merged.to_jsonl().as_bytes()).unwrap().completion,
        Completion::Partial { cut_line: false }
    );

    shards[3].plan.max_tokens = 7;
    let error = Recording::merge(shards).unwrap_err();
    assert!(error.to_string().starts_with("log 4 is of another load: `max_tokens` is 7 there"), "{error}");
    assert_eq!(Recording::merge(Vec::new()).unwrap_err(), MergeError::Nothing);
}

#[tokio::test(start_paused = true)]
async fn the_page_holds_every_chart_and_nothing_from_elsewhere() {
    let mut recording = single().await;
    recording.requests[3].detail = Some("<script>alert(1)</script>".into());
    recording.requests[3].verdict = rehearsal_load::Verdict::Error;
    let page = to_html(&recording);
    for id in ["cdf", "latency-over-time", "throughput", "concurrency", "slowest"] {
        assert!(page.contains(&format!("<figure id=\"{id}\">")), "{id} is missing");
    }
    assert!(!page.contains("<script"), "what a server says stays text, and the page has no script of its own");
    for outside in ["src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("14 / 16"), "two failed");

    // no success, no request at all: a page that says so
    recording.requests.retain(|request| !request.verdict.is_success());
    assert!(to_html(&recording).contains("requests failed"));
    recording.requests.clear();
    assert!(to_html(&recording).ends_with("</html>\n"));
}
