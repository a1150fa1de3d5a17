//! The report's form: its JSON Schema and its text.

use rehearsal_conformance::{
    CaseReport, Certainty, Detail, Detection, Facts, Finding, Identity, Level, SCHEMA_VERSION, ServerProfile,
    Strictness, SuiteReport, Verdict, VerdictCounts,
};

const SCHEMA: &str = include_str!("../schema/report.schema.json");

/// Write the schema anew with `UPDATE_SCHEMA=1 cargo test -p rehearsal-conformance --test report`.
#[test]
#[expect(clippy::disallowed_methods, reason = "a developer's switch, read by the test that it updates")]
fn the_schema_in_the_repository_is_the_report_s() {
    let schema = serde_json::to_string_pretty(&SuiteReport::json_schema()).unwrap() + "\n";
    if std::env::var("UPDATE_SCHEMA").is_ok() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.schema.json"), &schema).unwrap();
    } else {
        assert!(schema == SCHEMA, "the report has changed; write the schema anew with UPDATE_SCHEMA=1");
    }
}

fn finding(about: &str, expected: &str, seen: &str, verdict: Verdict) -> Finding {
    Finding { about: about.into(), expected: expected.into(), seen: seen.into(), verdict, exchange: None }
}

fn case(id: &str, level: Level, title: &str, findings: Vec<Finding>, verdict: Verdict) -> CaseReport {
    CaseReport {
        id: id.into(),
        level,
        title: title.into(),
        sends: "a request".into(),
        expects: "an answer".into(),
        reference: "a recording".into(),
        verdict,
        findings,
        exchanges: Vec::new(),
    }
}

fn report() -> SuiteReport {
    let known = Verdict::KnownBug { issue: "vLLM #1".into() };
    let skipped = Verdict::Skipped { reason: "needs a server started with --api-key, and told so".into() };
    let cases = vec![
        case(
            "U-01",
            Level::Must,
            "usage is there",
            vec![finding("chat usage", "3 integers", "{}", Verdict::Pass)],
            Verdict::Pass,
        ),
        case(
            "U-02",
            Level::Must,
            "the total is the sum",
            vec![finding("chat total", "7", "8", Verdict::Fail), finding("chat prompt", "3", "3", Verdict::Pass)],
            Verdict::Fail,
        ),
        case("E-02", Level::Must, "an array is refused", vec![finding("status", "400", "500", known.clone())], known),
        case(
            "E-06",
            Level::Should,
            "4.0 is read",
            vec![finding("status", "200", "400", Verdict::NonStrict)],
            Verdict::NonStrict,
        ),
        case("E-10", Level::Must, "a key is demanded", vec![], skipped),
    ];
    SuiteReport {
        schema_version: SCHEMA_VERSION,
        suite_version: "0.1.0".into(),
        seed: 7,
        target: "http://h:8000".into(),
        facts: Facts {
            identity: Identity { version: Some("0.13.0".into()), ..Identity::default() },
            model: "tiny".into(),
            max_model_len: Some(4096),
            block_size: None,
            missing: std::collections::BTreeMap::new(),
        },
        detection: Detection { profile: ServerProfile::Py013, certainty: Certainty::Exact },
        flags: std::collections::BTreeSet::new(),
        server_command: None,
        counts: VerdictCounts::of(&cases),
        cases,
        ended_early: None,
        recorded_at: None,
        client: None,
    }
}

#[test]
fn the_tree_shows_what_failed_in_full_and_the_rest_in_one_line() {
    insta::assert_snapshot!(report().to_tree(Detail::Lines), @r#"
    http://h:8000: tiny (0.13.0), held to py-0.13
    usage
      PASS          U-01  usage is there [MUST]
      FAIL          U-02  the total is the sum [MUST]
          chat total: expected 7, saw 8
    errors
      KNOWN-BUG     E-02  an array is refused [MUST]: vLLM #1
          status: expected 400, saw 500
      NON-STRICT    E-06  4.0 is read [SHOULD]
          status: expected 200, saw 400
      SKIPPED       E-10  a key is demanded [MUST]: needs a server started with --api-key, and told so
    1 passed, 1 failed, 1 non-strict, 1 known-bug, 1 skipped
    "#);
}

#[test]
fn the_tree_can_show_every_finding() {
    insta::assert_snapshot!(report().to_tree(Detail::Findings), @r#"
    http://h:8000: tiny (0.13.0), held to py-0.13
    usage
      PASS          U-01  usage is there [MUST]
          chat usage: {}
      FAIL          U-02  the total is the sum [MUST]
          chat total: expected 7, saw 8
          chat prompt: 3
    errors
      KNOWN-BUG     E-02  an array is refused [MUST]: vLLM #1
          status: expected 400, saw 500
      NON-STRICT    E-06  4.0 is read [SHOULD]
          status: expected 200, saw 400
      SKIPPED       E-10  a key is demanded [MUST]: needs a server started with --api-key, and told so
    1 passed, 1 failed, 1 non-strict, 1 known-bug, 1 skipped
    "#);
}

#[test]
fn json_reads_back_and_keeps_verdicts_as_words() {
    let report = report();
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["cases"][1]["verdict"], "FAIL");
    assert_eq!(json["cases"][2]["verdict"], "KNOWN-BUG");
    assert_eq!(json["cases"][2]["issue"], "vLLM #1");
    assert_eq!(json["counts"]["non_strict"], 1);
    assert_eq!(serde_json::from_value::<SuiteReport>(json).unwrap(), report);
}

#[test]
fn a_failed_must_fails_a_run_and_a_missed_should_a_strict_one() {
    let mut report = report();
    assert!(report.failed(Strictness::Normal));
    report.counts.fail = 0;
    assert!(!report.failed(Strictness::Normal));
    assert!(report.failed(Strictness::Strict));
    report.counts.non_strict = 0;
    assert!(!report.failed(Strictness::Strict), "a known bug fails nothing");
}

#[test]
fn junit_counts_a_missed_should_only_when_strict() {
    let failures = |strictness| report().to_junit(strictness).matches("<failure").count();
    assert_eq!((failures(Strictness::Normal), failures(Strictness::Strict)), (1, 2));
    let text = report().to_junit(Strictness::Normal);
    assert!(text.contains(r#"<testsuite name="usage" tests="2""#), "{text}");
    assert!(text.contains("chat total: expected 7, saw 8"), "{text}");
    assert!(text.contains("needs a server started with --api-key"), "{text}");
}

#[test]
fn markdown_tells_what_did_not_pass_and_lists_every_case() {
    let text = report().to_markdown();
    assert!(text.starts_with("# tiny (0.13.0), held to py-0.13\n"), "{text}");
    assert!(text.contains("## U-02 FAIL: the total is the sum"), "{text}");
    assert!(text.contains("- chat total: expected `7`, saw `8`"), "{text}");
    assert!(
        text.contains(
            "| E-10 | MUST | SKIPPED: needs a server started with --api-key, and told so | a key is demanded |"
        ),
        "{text}"
    );
}

#[test]
fn the_page_holds_the_report_as_data_that_cannot_end_its_script() {
    let mut report = report();
    report.cases[0].findings[0].seen = "</script><b>".into();
    let page = rehearsal_conformance::to_html(&[report.clone()]);
    let data = page.split(r#"<script id="data" type="application/json">"#).nth(1).unwrap();
    let data = data.split("</script>").next().unwrap();
    assert_eq!(serde_json::from_str::<Vec<SuiteReport>>(data).unwrap(), [report]);
}
