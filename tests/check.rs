//! `rehearsal check` as a process.

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;

fn check() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.arg("check").env_remove("OPENAI_API_KEY");
    command
}

#[test]
fn the_fake_keeps_every_rule_of_usage() {
    let output =
        check().args(["--fake", "--filter", "U-", "--seed", "7", "--strict", "--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["counts"]["fail"], &report["counts"]["non_strict"]), (&0.into(), &0.into()));
    assert!(20 < report["counts"]["pass"].as_u64().unwrap(), "{}", report["counts"]);
}

#[test]
fn the_cases_are_listed_as_text_and_as_json() {
    check().arg("--list").assert().success().stdout(contains("U-20"));
    let output = check().args(["--list", "--format", "json", "--filter", "U-0"]).output().unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list[0]["id"], "U-01");
}

#[test]
fn generated_requests_are_held_to_laws() {
    let laws = ["--fake", "--properties", "--filter", "P-1", "--requests", "20", "--seed", "7", "--format", "json"];
    let output = check().args(laws).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["cases"][0]["id"], "P-10");
    assert_eq!(report["cases"][0]["sends"], "20 generated requests, each whole and streamed");
    check().args(["--fake", "--requests", "20"]).assert().code(2).stderr(contains("--properties"));
}

#[test]
fn a_target_or_a_filter_that_cannot_be_is_named() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    check().args(["--base-url", &url]).assert().code(3).stderr(contains(&url));
    check().args(["--base-url", "not a url"]).assert().code(2).stderr(contains("not a url"));
    check().args(["--fake", "--filter", "Z-"]).assert().code(2).stderr(contains("Z-"));
    check().args(["--fake", "--profile", "py-9"]).assert().code(2).stderr(contains("py-9"));
}

#[test]
fn a_report_is_written_as_its_file_s_name_says_and_compared_with_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let fake = ["--fake", "--filter", "U-2", "--seed", "7"];
    let files = ["old.json", "old.xml", "old.md", "old.html"].map(|name| format!("--output={}", path(name)));
    check().args(fake).args(files).assert().success();
    for (name, begins) in [("old.json", "{"), ("old.xml", "<?xml"), ("old.md", "# "), ("old.html", "<!doctype html>")] {
        let text = std::fs::read_to_string(path(name)).unwrap();
        assert!(text.starts_with(begins), "{name}: {text}");
    }
    check()
        .args(["--fake", "--filter", "U-2", "--vllm-version", "0.32.0", "--against", &path("old.json")])
        .args(["--output", &path("new.json")])
        .assert()
        .success()
        .stdout(contains("`stream_options: {}`: at the end: a usage chunk in 0.13.0, none in 0.32.0 (U-25)"));
    let diff = |before: &str, after: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.args(["diff", before, after]);
        command
    };
    diff(&path("old.json"), &path("new.json")).assert().success().stdout(contains("U-25"));
    diff(&path("old.json"), &path("old.json")).assert().success().stdout(contains(": no difference."));
    diff(&path("old.json"), &path("none.json")).assert().code(2).stderr(contains("none.json"));
    diff(&path("old.md"), &path("old.json")).assert().code(2).stderr(contains("rehearsal record"));
    check().args(["--fake", "--output", &path("report.pdf")]).assert().code(2).stderr(contains(".html"));
}

#[test]
fn a_recording_says_what_was_recorded_and_another_server_is_held_against_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rehearsal = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.args(arguments);
        command
    };
    let some = ["--fake", "--filter", "U-2", "--filter", "E-02", "--seed", "7"];
    let old = path("old.json.gz");
    let told = ["--server-command", "vllm serve m --max-num-seqs 4", &old];
    // an array is a 500 in 0.13.0, which is a fact and no failure of the recording
    rehearsal(&["record"]).args(some).args(told).assert().success().stdout(contains("rehearsal of 0.13.0, seed 7"));

    let packed = std::fs::read(&old).unwrap();
    let recording: Value = serde_json::from_reader(flate2::read::GzDecoder::new(packed.as_slice())).unwrap();
    assert_eq!(recording["server_command"], "vllm serve m --max-num-seqs 4");
    assert_eq!((&recording["schema_version"], &recording["seed"]), (&1.into(), &7.into()));
    assert!(recording["recorded_at"].is_string() && recording["suite_version"].is_string());
    assert!(recording["cases"][0]["exchanges"][0]["response"]["body"].is_string());

    let new = path("new.json");
    rehearsal(&["record", &new, "--vllm-version", "0.32.0"]).args(some).assert().success();
    rehearsal(&["diff", &old, &new]).assert().success().stdout(contains("stream_options: {}"));
    let later = ["--vllm-version", "0.32.0", "--against", &old];
    check().args(some).args(later).assert().success().stdout(contains("stream_options: {}"));

    rehearsal(&["record", "--fake", &path("new.html")]).assert().code(2).stderr(contains(".json.gz"));
    std::fs::write(
        &new,
        std::fs::read_to_string(&new).unwrap().replace("\"schema_version\": 1", "\"schema_version\": 99"),
    )
    .unwrap();
    rehearsal(&["diff", &old, &new]).assert().code(2).stderr(contains("version 99"));
}

#[test]
fn our_own_load_generator_is_right_in_every_case_for_clients() {
    let output = check().args(["--own-client", "--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["counts"]["pass"].as_u64(), report["cases"].as_array().map(|cases| cases.len() as u64));
    assert_eq!(report["client"]["name"], "rehearsal bench");
}

#[test]
fn a_client_is_run_once_a_case_and_its_report_is_read() {
    let bench = format!(
        "{} bench --base-url {{base_url}} --model {{model}} --stream --no-warmup -n 2 --report {{out}}",
        env!("CARGO_BIN_EXE_rehearsal")
    );
    // how fast this machine is, is no matter here
    let client = |command: &str| {
        let mut check = check();
        check.args(["--client", command, "--tolerance", "20"]);
        check
    };
    client(&bench).args(["--filter", "C-14"]).assert().success().stdout(contains("expected 1 of 2, saw 1, 1 failed"));
    // a tool that takes a refusal for a success
    let liar = format!("{} >/dev/null; echo '{{\"successes\": 2}}'", bench.replace(" --report {out}", ""));
    client(&liar).args(["--filter", "C-14"]).assert().code(4).stdout(contains("expected 1 of 2, saw 2"));
}

#[test]
fn a_client_that_cannot_be_judged_is_said_so() {
    check().args(["--client", "no-such-tool --flag"]).assert().code(2).stderr(contains("no-such-tool"));
    check().args(["--client", "true", "--filter", "C-01"]).assert().code(6).stdout(contains("sent no streamed chat"));
    check().args(["--client", "true", "--report-as", "excel"]).assert().code(2).stderr(contains("excel"));
    check().args(["--client", "true", "--filter", "U-"]).assert().code(2).stderr(contains("U-"));
    check().args(["--client", "sleep 60", "--filter", "C-01", "--client-timeout", "0.2"]).assert().code(6);
    check().args(["--own-client", "--client", "true"]).assert().code(2);
}
