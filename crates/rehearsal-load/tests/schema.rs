//! The JSON Schema in the repository is the one of the code, and reports are valid against it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{fs, path::PathBuf, time::Duration};

use rehearsal_load::{LoadPlan, Report, Run, Script, ScriptedTransport};

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema/report.schema.json")
}

fn current() -> String {
    serde_json::to_string_pretty(&Report::json_schema()).unwrap() + "\n"
}

#[test]
fn the_schema_in_the_repository_is_current() {
    let stored = fs::read_to_string(path()).unwrap_or_default();
    assert_eq!(
        stored,
        current(),
        "the report's schema changed: run `cargo test -p rehearsal-load --test schema -- --ignored` to write it, raise \
         SCHEMA_VERSION if a reader of the older one would go wrong, and commit both"
    );
}

#[test]
#[ignore = "writes schema/report.schema.json"]
fn write_the_schema() {
    fs::write(path(), current()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_report_is_valid_against_the_schema_and_reads_back() {
    let answer = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
                     "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;
    let ms = Duration::from_millis;
    let server = ScriptedTransport::new([Script::json_at(ms(5), 200, answer), Script::json_at(ms(5), 500, "no")]);
    let plan = LoadPlan::builder("http://host", "m").requests(3).build().unwrap();
    let outcome = Run::new(plan, server).run(std::future::pending()).await.unwrap();

    let json = serde_json::to_value(&outcome.report).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&current()).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), outcome.report);

    assert!(!validator.is_valid(&serde_json::json!({"schema_version": 1})), "the schema must refuse something");
}

fn metrics_page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md")
}

#[test]
fn the_page_of_metrics_is_current() {
    assert_eq!(
        fs::read_to_string(metrics_page()).unwrap_or_default(),
        rehearsal_load::report::definitions_as_markdown(),
        "the table of definitions changed: run `cargo test -p rehearsal-load --test schema -- --ignored` to write \
         docs/metrics.md, and commit both"
    );
}

#[test]
#[ignore = "writes docs/metrics.md"]
fn write_the_page_of_metrics() {
    fs::write(metrics_page(), rehearsal_load::report::definitions_as_markdown()).unwrap();
}

#[test]
fn every_metric_is_found_by_its_name_in_reports() {
    for name in ["TTFT", "ttft_s", "itl-pooled", "requests_per_s", "schedule_lag_s"] {
        assert!(rehearsal_load::report::MetricDefinition::find(name).is_some(), "{name}");
    }
    assert_eq!(rehearsal_load::report::MetricDefinition::find("speed"), None);
}
