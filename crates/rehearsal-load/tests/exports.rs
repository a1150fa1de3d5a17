//! Exports are valid by the tools' own schemas, say what the tools would have said, and read back where we have a reader.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod golden;

use std::{fs, path::PathBuf, time::Duration};

use rehearsal_load::{
    Completion, LoadPlan, RequestTimeline, Streaming, Verdict,
    report::{ExportFormat, ImportError, PlanSummary, Recording, Tool, ToolStatistics, recompute},
};
use serde_json::Value;

const MS: Duration = Duration::from_millis(1);

/// Two golden streams, the second a second later, and a refusal.
async fn recording() -> Recording {
    let first = golden::play_file("golden").await;
    let mut second = first.clone();
    second.index = 1;
    let later = |at: &mut Duration| *at += 1000 * MS;
    [&mut second.scheduled, &mut second.started, &mut second.finished].into_iter().for_each(later);
    second.chunks.iter_mut().for_each(|chunk| later(&mut chunk.at));
    second.marks.silent.iter_mut().chain(&mut second.marks.last_event).chain(&mut second.headers).for_each(later);
    let mut refused = RequestTimeline::begun(2, 1600 * MS, 1600 * MS, Streaming::On);
    refused.status = Some(503);
    refused.finished = 1610 * MS;
    refused.verdict = Verdict::Error;
    refused.detail = Some("HTTP 503: \"busy\", try later".into());

    let plan = LoadPlan::builder("http://host", "golden").concurrency(2).requests(3).streaming(Streaming::On);
    Recording {
        plan: PlanSummary::from(&plan.build().unwrap()),
        started_unix: Some(Duration::from_secs(1_766_400_001)),
        warm_up: Some(first.clone()),
        requests: vec![first, second, refused],
        server: Vec::new(),
        window: 1610 * MS,
        completion: Completion::Complete,
    }
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/exports").join(name);
    jsonschema::validator_for(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()).unwrap()
}

#[track_caller]
fn is_valid(validator: &jsonschema::Validator, document: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn json(recording: &Recording, format: ExportFormat) -> Value {
    serde_json::from_str(&recording.export(format)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn llm_ds_report_is_valid_by_its_schema_and_holds_our_figures() {
    let recording = recording().await;
    let validator = schema("llm-d-0.2.1.schema.json");
    let document = json(&recording, ExportFormat::LlmD);
    is_valid(&validator, &document);
    let aggregate = &document["results"]["request_performance"]["aggregate"];
    assert_eq!(aggregate["requests"]["failures"], 1);
    assert_eq!(aggregate["latency"]["time_to_first_token"]["p50"], 0.3);
    assert_eq!(aggregate["latency"]["time_per_output_token"]["mean"], 0.025);
    assert_eq!(document["run"]["time"]["start"], "2025-12-22T10:40:01Z");

    // a run of failures has no figures, and is valid all the same
    let mut failed = recording;
    failed.requests.retain(|request| !request.verdict.is_success());
    is_valid(&validator, &json(&failed, ExportFormat::LlmD));
    assert!(!validator.is_valid(&serde_json::json!({"version": "0.2.1"})), "the schema refuses something");
}

#[tokio::test(start_paused = true)]
async fn guidellms_report_is_valid_by_its_model() {
    let recording = recording().await;
    let document = json(&recording, ExportFormat::Guidellm);
    is_valid(&schema("guidellm-0.8.1.schema.json"), &document);
    let benchmark = &document["benchmarks"][0];
    assert_eq!(benchmark["metrics"]["time_to_first_token_ms"]["successful"]["median"], 300.0);
    assert_eq!(benchmark["metrics"]["inter_token_latency_ms"]["successful"]["mean"], 25.0);
    assert_eq!(benchmark["requests"]["errored"][0]["info"]["error"], "HTTP 503: \"busy\", try later");
    assert_eq!(benchmark["requests"]["successful"][1]["info"]["timings"]["first_token_iteration"], 1_766_400_002.3);
}

#[tokio::test(start_paused = true)]
async fn guidellms_report_reads_back_but_for_the_tokens_between() {
    let recording = recording().await;
    let again = Recording::import(&recording.export(ExportFormat::Guidellm)).unwrap();
    let figures = |recording: &Recording| recompute(Tool::Native, &recording.requests, recording.window);
    let (before, after) = (figures(&recording), figures(&again));
    assert_eq!((after.ok, after.failed, after.output_tokens), (2, 1, Some(18)));
    // calendar times are doubles of seconds since 1970: exact to a quarter of a microsecond
    let close = |a: Option<ToolStatistics>, b: Option<ToolStatistics>| (a.unwrap().mean - b.unwrap().mean).abs() < 1e-6;
    assert!(close(after.ttft_s, before.ttft_s) && close(after.e2el_s, before.e2el_s), "{after:?} {before:?}");
    assert!(close(after.per_token_s, before.per_token_s), "{after:?} {before:?}");
    assert_eq!(again.started_unix, recording.started_unix);
    assert_eq!(again.requests[2].detail.as_deref(), Some("HTTP 503: \"busy\", try later"));
}

#[tokio::test(start_paused = true)]
async fn llm_ds_report_is_refused_because_it_holds_no_requests() {
    let error = Recording::import(&recording().await.export(ExportFormat::LlmD)).unwrap_err();
    assert!(error.to_string().contains("no requests"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn aiperfs_lines_are_valid_by_its_model_and_read_back() {
    let recording = recording().await;
    let validator = schema("aiperf-0.13.0.schema.json");
    let lines = recording.export(ExportFormat::Aiperf);
    assert_eq!(lines.lines().count(), 4, "the warm-up and three requests");
    for line in lines.lines() {
        is_valid(&validator, &serde_json::from_str(line).unwrap());
    }
    let again = Recording::import(&lines).unwrap();
    assert_eq!(
        recompute(Tool::Aiperf, &again.requests, again.window),
        recompute(Tool::Aiperf, &recording.requests, again.window)
    );
    assert!(again.warm_up.is_some());
    assert_eq!(again.started_unix, recording.started_unix);
}

#[tokio::test(start_paused = true)]
async fn vllms_result_holds_vllms_figures_and_reads_back() {
    let recording = recording().await;
    let document = json(&recording, ExportFormat::Vllm);
    let object = document.as_object().unwrap();
    // the keys of a detailed result of 0.33, in their order
    let keys: Vec<&str> = object.keys().map(String::as_str).take(16).collect();
    assert_eq!(
        keys[..8],
        ["date", "endpoint_type", "backend", "label", "model_id", "tokenizer_id", "num_prompts", "request_rate"]
    );
    assert_eq!(document["mean_ttft_ms"], 300.0);
    assert_eq!(document["mean_tpot_ms"], 25.0);
    assert_eq!(document["median_e2el_ms"], 500.0);
    assert_eq!((&document["completed"], &document["failed"]), (&2.into(), &1.into()));
    assert_eq!(document["output_lens"], serde_json::json!([9, 9, 0]));
    assert_eq!(document["errors"][2], "HTTP 503: \"busy\", try later");
    // 7 chunks begin in each of two seconds, and at most two requests touch one
    assert_eq!(document["max_output_tokens_per_s"], 7.0);
    assert_eq!(document["max_concurrent_requests"], 1);
    assert_eq!(document["date"], "20251222-104001");

    let again = Recording::import(&recording.export(ExportFormat::Vllm)).unwrap();
    let figures = |recording: &Recording| recompute(Tool::Vllm033, &recording.requests, recording.window);
    let (before, after) = (figures(&recording), figures(&again));
    assert_eq!((after.ok, after.failed, after.output_tokens), (2, 1, Some(18)));
    assert_eq!((after.ttft_s, after.e2el_s, after.gap_s), (before.ttft_s, before.e2el_s, before.gap_s));
}

#[tokio::test(start_paused = true)]
async fn the_table_has_a_row_a_request_and_quotes_what_needs_it() {
    let table = recording().await.export(ExportFormat::Csv);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 4);
    assert!(rows[0].starts_with("index,verdict,status,scheduled_s,"), "{}", rows[0]);
    assert!(rows[1].starts_with("0,ok,200,0,0,0.02,0.53,,0.53,0.3,0.34,0.025,"), "{}", rows[1]);
    assert!(rows[3].ends_with(",\"HTTP 503: \"\"busy\"\", try later\""), "{}", rows[3]);
}

#[test]
fn a_result_without_its_requests_is_refused_with_the_flag_that_keeps_them() {
    let short = r#"{"model_id": "m", "request_throughput": 1.0, "duration": 2.0}"#;
    let error = Recording::import(short).unwrap_err();
    assert!(error.to_string().contains("--save-detailed"), "{error}");
    for text in ["", "[]", "{}", "{\"metadata\":1}", "no"] {
        assert!(matches!(Recording::import(text), Err(ImportError::Unknown)), "{text}");
    }
    let bad = r#"{"model_id": "m", "request_throughput": 1.0, "duration": -2.0, "ttfts": [0.1], "itls": [[]]}"#;
    assert!(Recording::import(bad).unwrap_err().to_string().contains("`duration`: `-2` is no length of time"));
}
