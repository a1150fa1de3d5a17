//! What the server says on its `/metrics` page stands beside what the client measured, for every release's names.

use std::{path::Path, time::Duration};

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use rehearsal::{
    fake::{
        FakeVllm, Pacing,
        api::{FrontendOptions, PerRequestMetrics},
        profile::Profile,
        tokenizer::Tokenizer,
    },
    load::{
        JsonlLog, LoadPlan, Outcome, Run, Scrape, Script, ScriptedTransport, StreamTransport, Streaming, WarmUp,
        plan::metrics_url, report::Recording, server_side::Balance,
    },
};

const REQUESTS: usize = 40;
const CONCURRENCY: usize = 8;
const TOKENS: u32 = 24;

fn fake(version: &str) -> FakeVllm {
    let mut options = FrontendOptions::for_model("rehearsal");
    options.per_request_metrics = PerRequestMetrics::Told;
    FakeVllm::builder()
        .frontend(options)
        .vllm_version(version.parse().expect("a version"))
        .profile(Profile::builtin("report-tp1").expect("a built-in profile"))
        .tokenizer(Tokenizer::byte_level())
        .pacing(Pacing::Virtual)
        .start_in_memory()
        .expect("the fake starts")
}

/// The readings come every 100 ms: often enough that one finds the server at work.
async fn measured(version: &str, log: Option<&Path>) -> Outcome {
    let fake = fake(version);
    let connector = fake.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let plan = LoadPlan::builder(fake.base_url(), "rehearsal")
        .prompt("What is rehearsed is known.")
        .concurrency(CONCURRENCY)
        .requests(REQUESTS)
        .max_tokens(TOKENS)
        .streaming(Streaming::On)
        .build()
        .expect("a sound plan");
    let url = metrics_url(fake.base_url()).expect("a base URL");
    let mut run = Run::new(plan, transport).scrape(Scrape { url, every: Duration::from_millis(100) });
    if let Some(path) = log {
        run = run.observe(JsonlLog::new(std::fs::File::create(path).expect("a file")));
    }
    run.run(std::future::pending()).await.expect("the run ends")
}

async fn check(version: &str) {
    let Outcome { report, .. } = measured(version, None).await;
    let server = report.server.as_ref().unwrap_or_else(|| panic!("{version}: {:?}", report.server_note));

    let tokens = REQUESTS as u64 * u64::from(TOKENS);
    assert_eq!((server.finished, server.generation_tokens), (Some(REQUESTS as u64), Some(tokens)), "{version}");
    let balance: Vec<_> = server.balance.iter().map(|it| (it.what.as_str(), it.balance)).collect();
    assert_eq!(balance, [("prompt_tokens", Balance::Equal), ("generation_tokens", Balance::Equal)], "{version}");
    assert_eq!((server.prompt_tokens, server.preemptions), (report.tokens.prompt, Some(0)), "{version}");

    // a closed loop keeps its workers busy
    let running = server.running.expect("running requests");
    assert_eq!((running.max, server.waiting.map(|it| it.max)), (CONCURRENCY as f64, Some(0.0)), "{version}");
    assert!(0.9 * (CONCURRENCY as f64) < running.mean, "{version}: {running:?}");

    // one value a request, one gap less than tokens, and the client's own median between the server's bounds
    let (ttft, itl) = (server.ttft_s.expect("TTFT"), server.itl_s.expect("ITL"));
    assert_eq!((ttft.n, itl.n), (REQUESTS as u64, tokens - REQUESTS as u64), "{version}");
    let gap = report.latency.itl_pooled_s.as_ref().expect("gaps").p50.value;
    assert!(itl.p50.above <= gap && itl.p50.at_most.is_none_or(|bound| gap <= bound), "{version}: {gap} in {itl:?}");
    assert!((itl.mean / report.latency.itl_pooled_s.as_ref().expect("gaps").mean - 1.0).abs() < 0.02, "{version}");
}

#[tokio::test(start_paused = true)]
async fn of_every_releases_names() {
    for version in ["0.9.2", "0.11.0", "0.13.0", "0.32.0", "0.32.0-rust"] {
        check(version).await;
    }
}

/// The engine counts the queue apart, so that its two lengths make the client's TTFT; the client's instants are on tokio's
/// grid of a millisecond.
#[tokio::test(start_paused = true)]
async fn of_each_answer_where_the_release_says_it() {
    let Outcome { report, requests, .. } = measured("0.32.0", None).await;
    let times = report.server_times.expect("the answers say it");
    assert_eq!(times.requests, REQUESTS);
    let (queue, first) = (times.queue_s.expect("queue").mean, times.ttft_s.expect("TTFT").mean);
    let ttft = report.latency.ttft_s.expect("TTFT").mean;
    assert!((queue + first - ttft).abs() <= 0.002, "{queue} and {first} make {ttft}");
    let itl = times.mean_itl_s.expect("ITL").mean;
    let tpot = report.latency.tpot_s.expect("TPOT").mean;
    assert!((itl - tpot).abs() <= 0.001, "{itl} and {tpot}");
    assert!(requests.iter().all(|request| request.server_times.is_some()));
    assert_eq!(measured("0.13.0", None).await.report.server_times, None);
}

#[tokio::test(start_paused = true)]
async fn a_log_keeps_the_readings() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("requests.jsonl");
    let outcome = measured("0.13.0", Some(&path)).await;
    let log = std::fs::File::open(&path).expect("the log");
    let again = Recording::read(std::io::BufReader::new(log)).expect("a whole log");
    assert_eq!(again.report().server, outcome.report.server);
    assert!(10 < again.server.len(), "{} readings", again.server.len());
    assert_eq!(Recording::read(again.to_jsonl().as_bytes()).expect("a log"), again);
    let page = rehearsal::load::report::to_html(&again);
    for part in ["id=\"server-side\"", "id=\"server-requests\"", "id=\"server-kv-cache\""] {
        assert!(page.contains(part), "{part}");
    }
}

/// Readings take nothing from the measurement: in virtual time every instant stays the same.
#[tokio::test(start_paused = true)]
async fn readings_change_no_figure() {
    let with = measured("0.13.0", None).await;
    let fake = fake("0.13.0");
    let connector = fake.connector();
    let transport = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let plan = LoadPlan::builder(fake.base_url(), "rehearsal")
        .prompt("What is rehearsed is known.")
        .concurrency(CONCURRENCY)
        .requests(REQUESTS)
        .max_tokens(TOKENS)
        .streaming(Streaming::On)
        .build()
        .expect("a sound plan");
    let without = Run::new(plan, transport).run(std::future::pending()).await.expect("the run ends");
    assert_eq!(with.requests, without.requests);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_the_page_is_measured_all_the_same() {
    let answer = r#"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],
                     "usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}}"#;
    let ms = Duration::from_millis;
    let server = ScriptedTransport::new([
        Script::json_at(ms(1), 404, r#"{"detail":"Not Found"}"#),
        Script::json_at(ms(250), 200, answer),
    ]);
    let plan = LoadPlan::builder("http://host:1", "m").requests(3).warm_up(WarmUp::Skip).build().expect("a plan");
    let url = metrics_url("http://host:1").expect("a URL");
    let run = Run::new(plan, server).scrape(Scrape { url, every: ms(100) });
    let report = run.run(std::future::pending()).await.expect("the run ends").report;
    assert_eq!((report.counts.ok, report.window_s), (3, 0.75));
    assert_eq!(report.server_note.as_deref(), Some("http://host:1/metrics: HTTP 404"));
    assert!(report.server.is_none() && report.warnings.iter().all(|warning| !warning.message.contains("metrics")));
}

#[test]
fn the_terminal_says_it_and_off_leaves_it_out() {
    let bench = |metrics: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.env_remove("OPENAI_API_KEY").args([
            "bench",
            "--fake",
            "report-tp1",
            "--model",
            "tiny",
            "-c",
            "4",
            "-n",
            "8",
        ]);
        command.args(["--max-tokens", "8", "--server-metrics", metrics]);
        command.assert().success()
    };
    bench("auto").stdout(contains("the server says").and(contains("64 generation tokens, as the answers say")));
    let off = bench("off");
    assert!(!String::from_utf8_lossy(&off.get_output().stdout).contains("the server says"));
    let mut wrong = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    wrong.args(["bench", "--fake", "report-tp1", "--server-metrics", "maybe"]);
    wrong.assert().code(2).stderr(contains("`maybe`").and(contains("http://127.0.0.1:8000/metrics")));
}
