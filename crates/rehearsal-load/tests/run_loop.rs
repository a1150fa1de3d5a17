//! The run loop on the paused clock: instants, verdicts, interruption. All figures are exact.
#![expect(clippy::float_cmp, reason = "the figures are exact")]

use std::{sync::Arc, time::Duration};

use rehearsal_load::{
    ApiKey, Completion, Endpoint, LoadPlan, LoadPlanBuilder, Run, RunError, Script, ScriptedTransport, StreamUsage,
    Streaming, Verdict, WarmUp, metrics::CrossCheck, report::WarningKind,
};
use tokio::time::{Instant, sleep_until};

const ANSWER: &str = r#"{"model":"m","choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"length"}],
                         "usage":{"prompt_tokens":89,"total_tokens":345,"completion_tokens":256}}"#;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn plan() -> LoadPlanBuilder {
    LoadPlan::builder("http://host:8000", "m").prompt("hello")
}

fn answer_after(count: u64) -> Script {
    Script::json_at(ms(count), 200, ANSWER)
}

fn kinds(outcome: &rehearsal_load::Outcome) -> Vec<WarningKind> {
    outcome.report.warnings.iter().map(|warning| warning.kind).collect()
}

#[tokio::test(start_paused = true)]
async fn workers_send_their_next_request_a_turnaround_after_the_last_one() {
    let plan = plan().concurrency(2).requests(6).turnaround(ms(7)).stagger(ms(2)).build().unwrap();
    let transport = Arc::new(ScriptedTransport::repeat(answer_after(100)));
    let outcome = Run::new(plan, Arc::clone(&transport)).run(std::future::pending()).await.unwrap();

    let instants: Vec<(Duration, Duration, Duration)> =
        outcome.requests.iter().map(|request| (request.scheduled, request.started, request.finished)).collect();
    let expect = [0, 2, 107, 109, 214, 216].map(|at| (ms(at), ms(at), ms(at + 100)));
    assert_eq!(instants, expect);
    assert_eq!(outcome.window, ms(316));
    assert_eq!(outcome.report.throughput.requests_per_s, Some(6.0 / 0.316));
    assert_eq!(outcome.report.throughput.output_tokens_per_s, Some(1536.0 / 0.316));
    assert_eq!(outcome.report.throughput.mean_concurrency, Some(0.6 / 0.316));
    assert_eq!(outcome.report.completion, Completion::Complete);
    assert!(outcome.report.cross_checks.iter().all(CrossCheck::holds), "{:?}", outcome.report.cross_checks);
    assert_eq!(transport.received().len(), 7, "the warm-up and six requests");
}

#[tokio::test(start_paused = true)]
async fn the_warm_up_is_outside_the_window_and_of_32_tokens_at_most() {
    let transport = Arc::new(ScriptedTransport::new([answer_after(5000), answer_after(100)]));
    let outcome = Run::new(plan().build().unwrap(), Arc::clone(&transport)).run(std::future::pending()).await.unwrap();

    assert_eq!(outcome.window, ms(100));
    assert_eq!(outcome.report.warm_up.as_ref().unwrap().latency_s, 5.0);
    let max_tokens: Vec<serde_json::Value> = transport
        .received()
        .iter()
        .map(|request| serde_json::from_slice::<serde_json::Value>(request.body()).unwrap()["max_tokens"].clone())
        .collect();
    assert_eq!(max_tokens, [32, 256]);
}

#[tokio::test(start_paused = true)]
async fn requests_have_the_body_and_the_headers_of_the_plan() {
    let extra = serde_json::from_str(r#"{"ignore_eos":true,"temperature":0.5}"#).unwrap();
    let plan = plan()
        .endpoint(Endpoint::Completions)
        .streaming(Streaming::On)
        .stream_usage(StreamUsage::Continuous)
        .seed(7)
        .extra_body(extra)
        .api_key(ApiKey::new("s3cret"))
        .warm_up(WarmUp::Skip);
    assert!(!format!("{plan:?}").contains("s3cret"), "a builder does not show the key");
    let plan = plan.build().unwrap();
    assert!(!format!("{plan:?}").contains("s3cret"), "a plan does not show the key");

    let request = plan.request(0);
    assert_eq!(request.uri(), "http://host:8000/v1/completions");
    assert_eq!(request.headers()["authorization"], "Bearer s3cret");
    assert_eq!(request.headers()["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    let expect = serde_json::json!({
        "model": "m", "prompt": "hello", "max_tokens": 256, "temperature": 0.5, "seed": 7, "stream": true,
        "stream_options": {"include_usage": true, "continuous_usage_stats": true}, "ignore_eos": true
    });
    assert_eq!(body, expect);
}

#[tokio::test(start_paused = true)]
async fn a_failed_request_never_stops_the_run() {
    let scripts = [
        answer_after(100),
        Script::refused(),
        Script::json_at(ms(10), 503, r#"{"error":{"message":"queue full"}}"#),
        Script::json_at(ms(10), 200, r#"{"error":{"message":"engine dead"}}"#),
        Script::new(ms(1), 200, "application/json").bytes(ms(2), &ANSWER[..60]).end(ms(3)),
        Script::new(ms(1), 200, "application/json"),
        Script::new(ms(1), 200, "application/json").bytes(ms(5), "{"),
        answer_after(50),
    ];
    let plan = plan()
        .requests(8)
        .warm_up(WarmUp::Skip)
        .timeout(Duration::from_secs(2))
        .stall_timeout(ms(300))
        .build()
        .unwrap();
    let outcome = Run::new(plan, ScriptedTransport::new(scripts)).run(std::future::pending()).await.unwrap();

    let seen: Vec<(Verdict, u64)> = outcome
        .requests
        .iter()
        .map(|request| (request.verdict, u64::try_from(request.wall().as_millis()).unwrap()))
        .collect();
    let expect = [
        (Verdict::Ok, 100),
        (Verdict::ConnectError, 0),
        (Verdict::Error, 10),
        (Verdict::ErrorInBand, 10),
        (Verdict::Truncated, 3),
        (Verdict::Timeout, 2000),
        (Verdict::Stalled, 305),
        (Verdict::Ok, 50),
    ];
    assert_eq!(seen, expect);
    assert_eq!(outcome.requests[2].detail.as_deref(), Some("HTTP 503: queue full"));
    assert_eq!((outcome.report.counts.ok, outcome.report.counts.errors), (2, 6));
    assert_eq!(outcome.report.counts.by_verdict["stalled"], 1);
    assert!(kinds(&outcome).contains(&WarningKind::FailedRequests));
    assert_eq!(outcome.report.latency.e2el_s.as_ref().map(|e2el| (e2el.n, e2el.min, e2el.max)), Some((2, 0.05, 0.1)));
    let in_seed_schema = outcome.seed_report();
    assert_eq!((in_seed_schema.ok, in_seed_schema.errors, in_seed_schema.requests), (2, 6, 8));
}

#[tokio::test(start_paused = true)]
async fn a_run_in_which_all_failed_has_nulls_and_says_so() {
    let plan = plan().requests(3).warm_up(WarmUp::Skip).build().unwrap();
    let outcome = Run::new(plan, ScriptedTransport::repeat(Script::json_at(ms(10), 500, "oops")))
        .run(std::future::pending())
        .await
        .unwrap();
    let report = &outcome.report;
    assert!(report.is_incomplete());
    assert_eq!(report.latency.e2el_s, None);
    assert_eq!(report.throughput.requests_per_s, None);
    assert_eq!(report.tokens.completion, None);
    assert!(kinds(&outcome).contains(&WarningKind::AllFailed));
    assert!(report.warnings[0].message.contains("HTTP 500: oops"), "{}", report.warnings[0]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_is_not_stalled_while_it_moves() {
    let chunk = |finish: &str| {
        format!(r#"data: {{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#) + "\n\n"
    };
    let mut script = Script::event_stream(ms(1));
    for i in 1..10 {
        script = script.bytes(ms(900 + i * 90), chunk("null"));
    }
    script = script.bytes(ms(1800), chunk("\"stop\"") + "data: [DONE]\n\n").end(ms(1800));
    let plan = plan()
        .streaming(Streaming::On)
        .stream_usage(StreamUsage::NotAsked)
        .stall_timeout(ms(100))
        .warm_up(WarmUp::Skip)
        .build()
        .unwrap();
    let outcome = Run::new(plan, ScriptedTransport::repeat(script)).run(std::future::pending()).await.unwrap();
    assert_eq!(outcome.requests[0].verdict, Verdict::Ok, "the wait for the first byte is not a stall");
    assert_eq!(outcome.requests[0].chunks.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_the_body_open_after_done_does_not_hold_the_worker() {
    let chunk = r#"data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"#;
    let script = Script::event_stream(ms(1)).bytes(ms(10), format!("{chunk}\n\ndata: [DONE]\n\n"));
    let plan = plan()
        .streaming(Streaming::On)
        .stream_usage(StreamUsage::NotAsked)
        .requests(2)
        .turnaround(ms(200))
        .warm_up(WarmUp::Skip)
        .build()
        .unwrap();
    let outcome = Run::new(plan, ScriptedTransport::repeat(script)).run(std::future::pending()).await.unwrap();
    let ends: Vec<(Verdict, Duration)> =
        outcome.requests.iter().map(|request| (request.verdict, request.finished)).collect();
    assert_eq!(ends, [(Verdict::Ok, ms(10)), (Verdict::Ok, ms(220))]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_keeps_what_was_measured() {
    let plan = plan().concurrency(4).requests(100).warm_up(WarmUp::Skip).build().unwrap();
    let stop = sleep_until(Instant::now() + ms(250));
    let outcome = Run::new(plan, ScriptedTransport::repeat(answer_after(100))).run(stop).await.unwrap();
    assert_eq!(outcome.requests.len(), 8);
    assert_eq!(outcome.report.completion, Completion::Interrupted { abandoned: 4 });
    assert_eq!(outcome.window, ms(250));
    assert!(outcome.report.is_incomplete());
    assert_eq!(outcome.report.warnings[0].kind, WarningKind::Interrupted);
    let seed = outcome.seed_report();
    assert_eq!((seed.ok, seed.errors, seed.requests), (8, 0, 8));
    assert!(outcome.report.cross_checks.iter().all(CrossCheck::holds));
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_interrupted_during_its_warm_up() {
    let stop = sleep_until(Instant::now() + ms(10));
    let outcome =
        Run::new(plan().build().unwrap(), ScriptedTransport::repeat(answer_after(100))).run(stop).await.unwrap();
    assert_eq!(outcome.requests, []);
    assert_eq!(outcome.report.completion, Completion::Interrupted { abandoned: 0 });
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_server_is_told_from_one_that_refuses() {
    let unreachable = Run::new(plan().build().unwrap(), ScriptedTransport::repeat(Script::refused()))
        .run(std::future::pending())
        .await
        .unwrap_err();
    assert!(matches!(unreachable, RunError::Unreachable { .. }), "{unreachable}");
    assert!(unreachable.to_string().contains("http://host:8000/v1/chat/completions"), "{unreachable}");

    let refusal = Script::json_at(ms(1), 404, r#"{"error":{"message":"The model `m` does not exist."}}"#);
    let refused = Run::new(plan().build().unwrap(), ScriptedTransport::repeat(refusal))
        .run(std::future::pending())
        .await
        .unwrap_err();
    assert!(matches!(refused, RunError::NotReady { .. }), "{refused}");
    assert!(refused.to_string().contains("HTTP 404: The model `m` does not exist."), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_warm_up_that_fails_otherwise_is_a_warning() {
    let cut = Script::new(ms(1), 200, "application/json").bytes(ms(2), "{").end(ms(3));
    let outcome = Run::new(plan().build().unwrap(), ScriptedTransport::new([cut, answer_after(5)]))
        .run(std::future::pending())
        .await
        .unwrap();
    assert_eq!(outcome.report.counts.ok, 1);
    assert!(kinds(&outcome).contains(&WarningKind::WarmUpFailed));
}

#[tokio::test(start_paused = true)]
async fn cached_prompt_tokens_and_repeated_prompts_are_warned_of() {
    let cached = ANSWER.replace("256}", "256,\"prompt_tokens_details\":{\"cached_tokens\":80}}");
    for (answer, expect) in [(cached.as_str(), WarningKind::PrefixCache), (ANSWER, WarningKind::RepeatedPrompt)] {
        let plan = plan().requests(2).build().unwrap();
        let outcome = Run::new(plan, ScriptedTransport::repeat(Script::json_at(ms(1), 200, answer)))
            .run(std::future::pending())
            .await
            .unwrap();
        assert_eq!(kinds(&outcome), [expect]);
    }
    let plan = plan().prompts(["a", "b"]).requests(2).build().unwrap();
    let outcome = Run::new(plan, ScriptedTransport::repeat(answer_after(1))).run(std::future::pending()).await.unwrap();
    assert_eq!(kinds(&outcome), []);
}

#[tokio::test(start_paused = true)]
async fn connection_set_up_is_reported_apart_from_every_latency() {
    let plan = plan().warm_up(WarmUp::Skip).build().unwrap();
    let outcome = Run::new(plan, ScriptedTransport::repeat(answer_after(100).connect(ms(30))))
        .run(std::future::pending())
        .await
        .unwrap();
    let latency = &outcome.report.latency;
    assert_eq!(latency.e2el_s.as_ref().map(|e2el| e2el.mean), Some(0.1));
    assert_eq!(latency.connect_s.as_ref().map(|connect| connect.mean), Some(0.03));
    assert_eq!(outcome.seed_report().latency_s.mean, Some(0.13), "the script's clock includes it");
}

#[test]
fn a_bad_plan_names_the_field_and_the_remedy() {
    for (builder, needle) in [
        (plan().concurrency(0), "`concurrency` must be at least 1"),
        (plan().requests(0), "`requests` must be at least 1"),
        (plan().max_tokens(0), "`max_tokens` must be at least 1"),
        (plan().prompt(" \n"), "prompt 0 is empty"),
        (plan().prompts(["a", ""]), "prompt 1 is empty"),
        (plan().prompts(Vec::<String>::new()), "prompt 0 is empty"),
        (plan().temperature(-1.0), "`temperature` must be 0 or more, got -1"),
        (plan().temperature(f64::NAN), "`temperature` must be 0 or more, got NaN"),
        (plan().timeout(Duration::ZERO), "`timeout` must be longer than 0 s"),
        (plan().stall_timeout(Duration::ZERO), "`stall_timeout` must be longer than 0 s"),
        (plan().api_key(ApiKey::new("a\nb")), "line breaks"),
        (LoadPlan::builder("http://host", ""), "`model` is empty"),
        (LoadPlan::builder("host:8000", "m"), "write it like http://127.0.0.1:8000"),
    ] {
        let message = builder.build().unwrap_err().to_string();
        assert!(message.contains(needle), "`{message}` does not say `{needle}`");
    }
}
