//! `rehearsal bench` where things go wrong around it: kills, interrupts, full disks, too few descriptors, proxies, keys.
//!
//! A kill is waited for until the log has lines, by reading it; nothing here depends on how long anything takes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rehearsal");

fn bench(server: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["bench", "--model", "tiny", "--no-warmup", "--base-url", server]).env_remove("OPENAI_API_KEY");
    command
}

fn answer() -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "choices": [{"index": 0, "message": {"content": "yes"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 9, "total_tokens": 13, "completion_tokens": 4},
    }))
}

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

/// Runs a blocking closure beside the server's tasks.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the closure does not panic")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn ends_with(output: &Output, code: i32, text: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(text), "{said}");
}

/// A run without an end in sight, once so many of its requests are in the log.
fn under_way(server: &str, log: &Path, lines: usize) -> Child {
    let child = bench(server)
        .args(["--concurrency", "4", "--requests", "1000000", "--jsonl"])
        .arg(log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while fs::read_to_string(log).unwrap_or_default().lines().count() < lines {
        std::thread::yield_now();
    }
    child
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_a_log_of_which_report_makes_a_partial_one() {
    let server = server(answer().set_delay(Duration::from_millis(5))).await;
    let (url, folder) = (server.uri(), TempDir::new().unwrap());
    let log = folder.path().join("killed.jsonl");
    beside(move || {
        let mut child = under_way(&url, &log, 20);
        child.kill().unwrap();
        child.wait().unwrap();
        let held = fs::read_to_string(&log).unwrap();
        let requests = held.lines().filter(|line| line.ends_with('}')).count() - 1;
        let report = Command::new(PROGRAM).args(["report", "--format", "json"]).arg(&log).output().unwrap();
        ends_with(&report, 6, "the log stops after");
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!(report["counts"]["ok"], requests);
        assert_eq!(report["tokens"]["completion"], requests * 4);

        // the instant of death may cut a line anywhere
        let cut = &held[..held.trim_end().len() - 7];
        fs::write(&log, cut).unwrap();
        let report = Command::new(PROGRAM).args(["report", "--format", "json"]).arg(&log).output().unwrap();
        ends_with(&report, 6, "its last line is cut");
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        assert!(report["counts"]["ok"].as_u64().unwrap() < requests as u64 + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_keeps_what_was_measured_and_a_second_one_leaves_at_once() {
    let server = server(answer().set_delay(Duration::from_millis(5))).await;
    let (url, folder) = (server.uri(), TempDir::new().unwrap());
    beside(move || {
        let cases = [vec![Signal::INT], vec![Signal::INT, Signal::INT], vec![Signal::TERM]];
        for (case, signals) in cases.iter().enumerate() {
            let log = folder.path().join(format!("interrupted-{case}.jsonl"));
            let child = under_way(&url, &log, 10);
            for which in signals {
                signal(&child, *which);
            }
            let output = child.wait_with_output().unwrap();
            ends_with(&output, 6, "stopping; press Ctrl-C again");
            if signals.len() == 1 {
                assert!(said(&output).contains("interrupted after"), "{}", said(&output));
                let last: Value =
                    serde_json::from_str(fs::read_to_string(&log).unwrap().lines().last().unwrap()).unwrap();
                assert!(last["completion"]["interrupted"]["abandoned"].is_u64(), "{last}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_the_files_and_not_the_figures() {
    if !Path::new("/dev/full").exists() {
        println!("skipped: this system has no /dev/full");
        return;
    }
    let server = server(answer()).await;
    let url = server.uri();
    beside(move || {
        let log = bench(&url).args(["-n", "3", "--jsonl", "/dev/full"]).output().unwrap();
        ends_with(&log, 6, "3 ok, 0 failed");
        assert!(said(&log).contains("its log is incomplete, the report is not"), "{}", said(&log));
        for flag in ["--report", "--out"] {
            let file = bench(&url).args(["-n", "3", flag, "/dev/full"]).output().unwrap();
            ends_with(&file, 1, "3 ok, 0 failed");
            assert!(said(&file).contains("writing `/dev/full`: No space left"), "{}", said(&file));
        }
    })
    .await;
}

/// The program under limits of open files: `-S` is what it begins with, `-H` what it may raise that to.
fn limited(limits: &str, bench: &Command) -> Output {
    let script = format!("ulimit {limits}; exec \"$0\" \"$@\"");
    Command::new("sh").args(["-c", &script]).arg(bench.get_program()).args(bench.get_args()).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptors_are_counted_before_the_run_and_the_soft_limit_is_raised() {
    let server = server(answer().set_delay(Duration::from_millis(50))).await;
    let url = server.uri();
    beside(move || {
        let mut wide = bench(&url);
        wide.args(["-c", "100", "-n", "100"]);
        ends_with(
            &limited("-n 90", &wide),
            2,
            "100 requests in flight need 164 open files, and this process may have 90",
        );
        ends_with(&limited("-Sn 40", &wide), 0, "100 ok, 0 failed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_made_when_asked_and_counted() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).set_body_string("busy");
    Mock::given(method("POST")).respond_with(busy).up_to_n_times(2).mount(&server).await;
    Mock::given(method("POST")).respond_with(answer()).mount(&server).await;
    let url = server.uri();
    beside(move || {
        let output = bench(&url).args(["-n", "2", "--retries", "2"]).output().unwrap();
        ends_with(&output, 0, "2 ok, 0 failed");
        assert!(said(&output).contains("retries               2"), "{}", said(&output));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_comes_from_a_file_or_the_environment_and_is_never_shown() {
    const KEY: &str = "sk-s3cret-7";
    let server = MockServer::start().await;
    Mock::given(header("authorization", format!("Bearer {KEY}").as_str())).respond_with(answer()).mount(&server).await;
    let (url, folder) = (server.uri(), TempDir::new().unwrap());
    beside(move || {
        let key = folder.path().join("key");
        fs::write(&key, format!("{KEY}\n")).unwrap();
        let files = ["log.jsonl", "report.json", "seed.json"].map(|name| folder.path().join(name));
        let run = |change: &dyn Fn(&mut Command)| {
            let mut command = bench(&url);
            let [log, report, seed] = &files;
            command.args(["-n", "2"]).arg("--jsonl").arg(log).arg("--report").arg(report).arg("--out").arg(seed);
            change(&mut command);
            let output = command.output().unwrap();
            let written = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<String>();
            for text in [&said(&output), &written] {
                assert!(!text.contains(KEY), "{text}");
            }
            output
        };
        ends_with(&run(&|command| _ = command.arg("--api-key-file").arg(&key)), 0, "2 ok, 0 failed");
        ends_with(&run(&|command| _ = command.env("OPENAI_API_KEY", KEY)), 0, "2 ok, 0 failed");
        ends_with(&run(&|command| _ = command.env("OPENAI_API_KEY", "wrong")), 6, "0 ok, 2 failed");
        let broken = run(&|command| _ = command.env("OPENAI_API_KEY", format!("{KEY}\u{1}")));
        ends_with(&broken, 2, "holds characters that an HTTP header cannot carry");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_is_used_only_when_it_is_named() {
    let server = server(answer()).await;
    let (url, proxy) = (server.uri(), MockServer::start().await);
    let address = proxy.uri();
    beside(move || {
        let mut plain = bench(&url);
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            plain.env(name, &address);
        }
        ends_with(&plain.args(["-n", "1"]).output().unwrap(), 0, "1 ok, 0 failed");
        let through = bench(&url).args(["-n", "1", "--proxy", &address]).output().unwrap();
        ends_with(&through, 6, "0 ok, 1 failed");
        ends_with(&bench(&url).args(["--proxy", "not a url"]).output().unwrap(), 2, "not a url");
    })
    .await;
    let through = proxy.received_requests().await.unwrap();
    let posts = through.iter().filter(|request| request.method == http::Method::POST).count();
    assert_eq!(posts, 1, "the one that was to go through it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_has_passed_is_refused_and_one_far_ahead_can_be_interrupted() {
    let server = server(answer()).await;
    let url = server.uri();
    beside(move || {
        let past = bench(&url).args(["--start-at", "2020-01-01T00:00:00Z"]).output().unwrap();
        ends_with(&past, 2, "give a time by which every generator is ready");
        let folder = TempDir::new().unwrap();
        let log = folder.path().join("waiting.jsonl");
        let waiting = bench(&url)
            .args(["--start-at", "2200-01-01T00:00:00Z", "--jsonl"])
            .arg(&log)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while fs::read_to_string(&log).unwrap_or_default().lines().count() < 1 {
            std::thread::yield_now();
        }
        signal(&waiting, Signal::INT);
        ends_with(&waiting.wait_with_output().unwrap(), 6, "interrupted after 0 of");
    })
    .await;
}
