//! Traps in the arithmetic over many requests; their numbers are those of `docs/load/traps.md`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(clippy::float_cmp, reason = "the figures are exact")]

use std::time::Duration;

use rehearsal_load::{
    LoadPlan, LoadPlanBuilder, Outcome, Report, Run, Script, ScriptedTransport, Streaming,
    metrics::{Probability, QuantileMethod, e2el, quantile, standard_deviation, ttft},
    report::WarningKind,
};

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn answer(cached: u64) -> String {
    format!(
        r#"{{"choices":[{{"index":0,"message":{{"content":"hi"}},"finish_reason":"length"}}],"usage":{{"prompt_tokens":89,
            "total_tokens":345,"completion_tokens":256,"prompt_tokens_details":{{"cached_tokens":{cached}}}}}}}"#
    )
}

fn plan() -> LoadPlanBuilder {
    LoadPlan::builder("http://host:8000", "m").prompt("hello")
}

async fn run(plan: LoadPlanBuilder, scripts: impl IntoIterator<Item = Script>) -> Outcome {
    Run::new(plan.build().unwrap(), ScriptedTransport::new(scripts)).run(std::future::pending()).await.unwrap()
}

/// 0.95 · 20 is 19.000000000000004 when 0.05 is summed nineteen times, and its ceiling the wrong rank.
#[test]
fn trap_18_a_rank_is_computed_in_integers() {
    let samples: Vec<f64> = (1..=20).map(f64::from).collect();
    assert_eq!(quantile(&samples, Probability::P95, QuantileMethod::Type1), Some(19.0));
    let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
    assert_eq!(quantile(&hundred, Probability::new(29, 100).unwrap(), QuantileMethod::Type1), Some(29.0));
    assert!(29.0 < 0.29 * 100.0 + 1e-9 && (0.29f64 * 100.0).floor() == 28.0, "as floats, 0.29 · 100 is below 29");
}

/// 2, 4, 4, 4, 5, 5, 7, 9: squares sum to 32, so sqrt(32 / 7), not sqrt(32 / 8) = 2.
#[test]
fn trap_19_the_standard_deviation_divides_by_one_less_than_the_samples() {
    let samples = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
    assert_eq!(standard_deviation(&samples), Some((32.0f64 / 7.0).sqrt()));
    assert_eq!(standard_deviation(&[2.0]), None);
    let schema = Report::json_schema().to_string();
    assert!(schema.contains("Sample standard deviation (n − 1)"), "the report says which it is");
}

#[tokio::test(start_paused = true)]
async fn trap_20_a_run_in_which_all_failed_has_no_figures() {
    let outcome = run(
        plan().warm_up(rehearsal_load::WarmUp::Skip).requests(3),
        [Script::json_at(ms(10), 500, r#"{"error":{"message":"no"}}"#)],
    )
    .await;
    let report = serde_json::to_value(&outcome.report).unwrap();
    for figure in ["ttft_s", "tpot_s", "e2el_s", "itl_pooled_s"] {
        assert!(report["latency"][figure].is_null(), "{figure}");
    }
    for figure in ["requests_per_s", "output_tokens_per_s", "prompt_tokens_per_s"] {
        assert!(report["throughput"][figure].is_null(), "{figure}");
    }
    assert_eq!(report["counts"]["errors"], 3);
}

/// The warm-up of 5 s is out; the tail, in which one of two workers has nothing left to do, is in: 100 + 200 and 150 ms.
#[tokio::test(start_paused = true)]
async fn trap_22_the_warm_up_is_out_of_the_window_and_the_tail_is_in() {
    let after = |count| Script::json_at(ms(count), 200, &answer(0));
    let outcome = run(plan().concurrency(2).requests(3), [after(5000), after(100), after(150), after(200)]).await;
    assert_eq!(outcome.report.window_s, 0.3);
    assert_eq!(outcome.report.throughput.requests_per_s, Some(3.0 / 0.3));
    assert_eq!(outcome.report.warm_up.as_ref().unwrap().latency_s, 5.0);
}

/// A paused clock stands still while the wall clock goes on: the figures are the former's, to the nanosecond.
#[tokio::test(start_paused = true)]
async fn trap_28_instants_are_those_of_the_monotonic_clock() {
    let outcome =
        run(plan().timeout(2 * ms(86_400_000)).requests(2), [Script::json_at(ms(86_400_000), 200, &answer(0))]).await;
    let latencies: Vec<Duration> = outcome.requests.iter().map(|request| e2el(request).unwrap()).collect();
    assert_eq!(latencies, [ms(86_400_000); 2]);
    let wall_clock = include_str!("../../../clippy.toml").contains("std::time::SystemTime::now");
    assert!(wall_clock, "the wall clock is banned by the linter");
}

/// 40 ms to connect, then a token 100 ms after the request went out.
#[tokio::test(start_paused = true)]
async fn trap_29_opening_a_connection_is_no_part_of_ttft() {
    let chunk = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
    let script = Script::event_stream(ms(10))
        .connect(ms(40))
        .bytes(ms(100), format!("data: {chunk}\n\ndata: {usage}\n\ndata: [DONE]\n\n"))
        .end(ms(101));
    let outcome = run(plan().streaming(Streaming::On).requests(1), [script]).await;
    assert_eq!(ttft(&outcome.requests[0]), Some(ms(100)));
    assert_eq!(outcome.report.latency.connect_s.as_ref().unwrap().mean, 0.04);
    assert_eq!(outcome.requests[0].wall(), ms(140));
}

#[tokio::test(start_paused = true)]
async fn trap_30_prompt_tokens_from_the_cache_are_warned_of() {
    let warned =
        |outcome: &Outcome| outcome.report.warnings.iter().any(|warning| warning.kind == WarningKind::PrefixCache);
    let cached = run(plan().requests(2), [Script::json_at(ms(10), 200, &answer(80))]).await;
    assert!(warned(&cached));
    assert_eq!(cached.report.tokens.cached, Some(160));
    let fresh = run(plan().requests(2), [Script::json_at(ms(10), 200, &answer(0))]).await;
    assert!(!warned(&fresh));
}

/// Requests at 0.9 s and 1.1 s fall into two buckets of a second although they are 0.2 s apart; no such figure is reported.
#[test]
fn trap_31_no_peak_is_reported() {
    let schema = Report::json_schema().to_string().to_lowercase();
    assert!(!schema.contains("peak"), "a peak depends on where its buckets begin");
}

/// The prompt has one word; the server says 89 tokens.
#[tokio::test(start_paused = true)]
async fn trap_33_prompt_tokens_are_the_servers_count() {
    let outcome = run(plan().requests(2), [Script::json_at(ms(100), 200, &answer(0))]).await;
    assert_eq!(outcome.report.tokens.prompt, Some(178));
    assert_eq!(outcome.report.throughput.prompt_tokens_per_s, Some(178.0 / 0.2));
}
