//! Requests that are sent again, on the paused clock: what is retried, when, and what becomes of the latencies.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use rehearsal_load::{LoadPlan, Outcome, Report, RequestRecord, Run, Script, ScriptedTransport, Verdict, WarmUp};

const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
                         "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

async fn run(retries: u32, scripts: impl IntoIterator<Item = Script>) -> Outcome {
    let plan = LoadPlan::builder("http://host", "m").warm_up(WarmUp::Skip).retries(retries).timeout(ms(5000));
    Run::new(plan.build().unwrap(), ScriptedTransport::new(scripts)).run(std::future::pending()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_retried_request_counts_from_its_first_time_and_every_retry_is_counted() {
    // refused at 0, again at 100 and refused with 503 at 110, again at 310 and answered after 100
    let scripts = [Script::refused(), Script::json_at(ms(10), 503, "busy"), Script::json_at(ms(100), 200, ANSWER)];
    let outcome = run(3, scripts).await;
    let request = &outcome.requests[0];
    assert_eq!((request.started, request.finished), (Duration::ZERO, ms(410)));
    assert_eq!((request.verdict, request.retries, request.connect), (Verdict::Ok, 2, None));
    let Report { counts, latency, plan, .. } = &outcome.report;
    assert_eq!((counts.ok, counts.errors, counts.retries, plan.retries), (1, 0, 2, 3));
    assert!((latency.e2el_s.as_ref().unwrap().p50.value - 0.41).abs() < 1e-12);
    let record = serde_json::to_value(RequestRecord::from(request)).unwrap();
    assert_eq!(record["retries"], 2);
    assert_eq!(
        rehearsal_load::RequestTimeline::from(serde_json::from_value::<RequestRecord>(record).unwrap()),
        *request
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_retried_unasked_and_no_more_often_than_asked() {
    let busy = || [Script::json_at(ms(10), 503, "busy"), Script::json_at(ms(10), 200, ANSWER)];
    let outcome = run(0, busy()).await;
    assert_eq!((outcome.report.counts.errors, outcome.report.counts.retries), (1, 0));
    let outcome = run(2, [Script::json_at(ms(10), 429, "later")]).await;
    // at 0, 110 and 320
    assert_eq!((outcome.requests[0].finished, outcome.requests[0].retries), (ms(330), 2));
    assert_eq!(outcome.requests[0].verdict, Verdict::Error);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_wrong_or_that_had_begun_is_not_asked_for_again() {
    let wrong = [
        Script::json_at(ms(10), 400, "no"),
        Script::json_at(ms(10), 404, "no"),
        Script::json_at(ms(10), 200, r#"{"error":{"message":"engine dead"}}"#),
        Script::new(ms(1), 200, "application/json").bytes(ms(2), &ANSWER[..60]).end(ms(3)),
    ];
    for script in wrong {
        let outcome = run(5, [script, Script::json_at(ms(10), 200, ANSWER)]).await;
        assert_eq!((outcome.report.counts.errors, outcome.report.counts.retries), (1, 0), "{:?}", outcome.requests);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_covers_all_attempts() {
    let outcome = run(100, [Script::json_at(ms(10), 503, "busy")]).await;
    let request = &outcome.requests[0];
    assert!(request.finished <= ms(5000) + ms(3200), "{:?}", request.finished);
    assert!(request.retries < 10, "{}", request.retries);
}
