//! `rehearsal report` and `rehearsal explain`, through the process.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::prelude::{PredicateBooleanExt, predicate::str::contains};
use serde_json::Value;

fn rehearsal(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(env!("CARGO_BIN_EXE_rehearsal")).args(arguments).env_remove("OPENAI_API_KEY").assert()
}

/// A streamed run on the fake, in memory; its log and its report.
fn run(folder: &Path) -> (String, String) {
    let path = |name: &str| folder.join(name).display().to_string();
    let (log, report) = (path("requests.jsonl"), path("report.json"));
    let load = ["--fake", "report-tp1", "--model", "tiny", "-c", "2", "-n", "6", "--max-tokens", "8", "--stream"];
    rehearsal(&[&["bench"][..], &load, &["--jsonl", &log, "--report", &report, "--format", "json"]].concat()).success();
    (log, report)
}

#[test]
fn a_log_gives_the_report_of_its_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let (log, report) = run(folder.path());
    let again = rehearsal(&["report", &log, "--format", "json"]).success().get_output().stdout.clone();
    let again: Value = serde_json::from_slice(&again).unwrap();
    let first: Value = serde_json::from_str(&fs::read_to_string(&report).unwrap()).unwrap();
    assert_eq!(again, first);
    rehearsal(&["report", &report]).success().stdout(contains("6 ok, 0 failed, of 6"));
}

#[test]
fn a_log_that_a_kill_cut_says_so_and_exits_6() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = run(folder.path());
    let bytes = fs::read(&log).unwrap();
    let cut = folder.path().join("cut.jsonl");
    fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).unwrap();
    rehearsal(&["report", cut.to_str().unwrap()])
        .code(6)
        .stderr(contains("the log stops after").and(contains("its last line is cut")));
}

#[test]
fn tools_stand_side_by_side_and_say_why_they_differ() {
    let folder = tempfile::tempdir().unwrap();
    let (log, report) = run(folder.path());
    rehearsal(&["report", &log, "--as", "all"]).success().stdout(
        contains("native        seed   vllm-0.13   vllm-0.33    guidellm      aiperf      sglang")
            .and(contains("Why they differ"))
            .and(contains("to the last event before [DONE]")),
    );
    let json = rehearsal(&["report", &log, "--as", "native,sglang", "--format", "json"]).success();
    let figures: Vec<Value> = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(figures.iter().map(|tool| &tool["tool"]).collect::<Vec<_>>(), ["native", "sglang"]);

    rehearsal(&["report", &report, "--as", "native"])
        .code(2)
        .stderr(contains("give the log that `bench --jsonl` wrote"));
    rehearsal(&["report", &log, "--as", "ab"]).code(2).stderr(contains("no tool `ab`; known are native, seed"));
}

#[test]
fn what_is_no_result_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.json");
    fs::write(&other, "{\"speed\": 3}").unwrap();
    rehearsal(&["report", other.to_str().unwrap()]).code(2).stderr(contains("no report that is known"));
    rehearsal(&["report", "nowhere.jsonl"]).code(2).stderr(contains("`nowhere.jsonl`: No such file"));
    rehearsal(&["report", "fixtures/report/tp1.json"]).success().stdout(contains("\"decode_tps\""));
}

#[test]
fn explain_tells_the_definition_and_what_others_do() {
    rehearsal(&["explain", "TPOT"]).success().stdout(
        contains("(last token − first token) ÷ (output tokens − tokens in the first chunk)")
            .and(contains("vllm-0.13"))
            .and(contains("undefined")),
    );
    rehearsal(&["explain"]).success().stdout(contains("schedule_lag").and(contains("goodput")));
    rehearsal(&["explain", "ttftt"]).code(2).stderr(contains("did you mean `ttft`"));
}

#[test]
fn a_run_goes_out_in_the_formats_of_other_tools_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let (log, report) = run(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let exports = ["vllm", "aiperf", "guidellm", "llm-d", "csv", "seed", "native"]
        .map(|format| format!("{format}={}", path(format)));
    let flags: Vec<&str> = exports.iter().flat_map(|export| ["--export", export]).collect();
    rehearsal(&[&["report", &log][..], &flags].concat()).success();
    rehearsal(&["report", &path("vllm"), "--as", "vllm-0.33"]).success().stdout(contains("successes"));
    rehearsal(&["report", &path("aiperf")]).success().stdout(contains("6 ok, 0 failed, of 6"));
    assert_eq!(fs::read_to_string(path("csv")).unwrap().lines().count(), 7);

    rehearsal(&["report", &report, "--export", &format!("csv={}", path("x"))])
        .code(2)
        .stderr(contains("written from requests"));
    rehearsal(&["report", &log, "--export", "xml=a"]).code(2).stderr(contains("no format `xml`; known are native"));
}

#[test]
fn a_slower_run_fails_its_threshold_and_the_same_run_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let bench = |concurrency: &str, log: &str| {
        let load = ["--fake", "report-tp1", "--model", "tiny", "-n", "40", "--max-tokens", "8", "--stream"];
        rehearsal(&[&["bench", "-c", concurrency, "--jsonl", log][..], &load].concat()).success();
    };
    let (one, many) = (path("one.jsonl"), path("many.jsonl"));
    bench("1", &one);
    bench("8", &many);
    let junit = path("compare.xml");
    rehearsal(&["compare", &one, &many, "--fail-on", "p95_ttft>+5%", "--junit", &junit])
        .code(5)
        .stdout(contains("regressed"))
        .stderr(contains("regressed: p95_ttft>+5%").and(contains("the loads differ: concurrency")));
    assert!(fs::read_to_string(junit).unwrap().contains("<failure"));
    rehearsal(&["compare", &one, &one, "--fail-on", "mean_e2el>+5%"]).success();
    rehearsal(&["compare", &one, &one, "--fail-on", "speed>+5%"]).code(2).stderr(contains("no figure `speed`"));
    rehearsal(&["compare", "fixtures/report/tp1.json", &one]).code(2).stderr(contains("needs the single requests"));
}

#[test]
fn logs_merge_and_a_page_and_a_price_come_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = run(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let merged = path("merged.jsonl");
    rehearsal(&["merge", &log, &log, "--out", &merged]).success().stdout(contains("12 ok, 0 failed, of 12"));
    rehearsal(&["report", &merged, "--price-per-hour", "7.2"])
        .success()
        .stdout(contains("USD per million output tokens").and(contains("client bound")));
    rehearsal(&["report", &merged, "--price-per-hour", "free"]).code(2).stderr(contains("`free` is no price"));
    let page = path("page.html");
    rehearsal(&["report", &merged, "--html", &page]).success();
    assert!(fs::read_to_string(page).unwrap().contains("<figure id=\"slowest\">"));
    rehearsal(&["merge", "fixtures/report/tp1.json"]).code(2).stderr(contains("only requests can be merged"));
}
