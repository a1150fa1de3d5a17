//! `rehearsal bench` as a process, against plain HTTP servers.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

fn bench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.arg("bench").env_remove("OPENAI_API_KEY");
    command
}

fn completion(completion_tokens: u64) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "tiny",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 89, "total_tokens": 89 + completion_tokens, "completion_tokens": completion_tokens},
    })
}

async fn server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(answer).mount(&server).await;
    server
}

/// The requests to the API; the page of metrics, which the server lacks, was asked for besides.
async fn posted(server: &MockServer) -> Vec<wiremock::Request> {
    let mut requests = server.received_requests().await.expect("requests are recorded");
    requests.retain(|request| request.method == "POST");
    requests
}

/// Runs a blocking closure beside the server's tasks.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the closure does not panic")
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).expect("a file")).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reports_command_line_writes_the_reports_keys_in_their_order() {
    let server = server(ResponseTemplate::new(200).set_body_json(completion(256))).await;
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("result.json");
    let (base_url, out_file) = (server.uri(), out.clone());
    beside(move || {
        bench()
            .args(["--base-url", &base_url, "--model", "tiny", "--concurrency", "16", "--requests", "64"])
            .args(["--max-tokens", "256", "--temperature", "0.0", "--timeout", "1200"])
            .args(["--prompt-file", "fixtures/report/prompt.txt", "--out"])
            .arg(out_file)
            .assert()
            .success();
    })
    .await;

    let (ours, published) = (read_json(&out), read_json(Path::new("fixtures/report/tp1.json")));
    assert_eq!(keys(&ours), keys(&published));
    for group in ["latency_s", "ttft_s", "token_usage", "derived"] {
        assert_eq!(keys(&ours[group]), keys(&published[group]), "{group}");
    }
    assert_eq!((&ours["ok"], &ours["errors"]), (&json!(64), &json!(0)));
    assert_eq!(ours["token_usage"], published["token_usage"]);

    let requests = posted(&server).await;
    assert_eq!(requests.len(), 65, "64 and one warm-up");
    let bodies: Vec<Value> = requests.iter().map(|request| request.body_json().unwrap()).collect();
    assert_eq!(bodies[0]["max_tokens"], 32, "the warm-up is short");
    assert_eq!(bodies[1]["max_tokens"], 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_format_json_stdout_is_one_document_and_every_request_has_a_line() {
    let server = server(ResponseTemplate::new(200).set_body_json(completion(4))).await;
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("requests.jsonl");
    let (base_url, log_file) = (server.uri(), log.clone());
    let output = beside(move || {
        bench()
            .args([
                "--base-url",
                &base_url,
                "--model",
                "tiny",
                "-n",
                "3",
                "--prompt",
                "Hi",
                "--format",
                "json",
                "--jsonl",
            ])
            .arg(log_file)
            .output()
            .unwrap()
    })
    .await;

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["counts"]["ok"], 3);
    assert_eq!(report["tokens"]["completion"], 12);
    let lines = fs::read_to_string(&log).unwrap();
    let parsed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(parsed.len(), 6, "start, warm-up, three requests, end: {lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_the_servers_first_is_taken() {
    let server = server(ResponseTemplate::new(200).set_body_json(completion(4))).await;
    let models = json!({"object": "list", "data": [{"id": "first", "object": "model"}, {"id": "second"}]});
    Mock::given(method("GET"))
        .and(path("/v1/models"))
        .respond_with(ResponseTemplate::new(200).set_body_json(models))
        .mount(&server)
        .await;
    let base_url = format!("{}/v1/", server.uri());
    beside(move || bench().args(["--base-url", &base_url, "-n", "1", "--no-warmup"]).assert().success()).await;
    let requests = posted(&server).await;
    assert_eq!(requests[0].body_json::<Value>().unwrap()["model"], "first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_the_warm_up_is_not_ready() {
    let server = server(ResponseTemplate::new(404).set_body_json(json!({"error": {"message": "no such model"}}))).await;
    let base_url = server.uri();
    beside(move || {
        bench()
            .args(["--base-url", &base_url, "--model", "nope", "-n", "2"])
            .assert()
            .code(3)
            .stderr(contains("no such model"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_which_every_request_fails_is_incomplete() {
    let server = server(ResponseTemplate::new(500)).await;
    let base_url = server.uri();
    beside(move || {
        bench()
            .args(["--base-url", &base_url, "--model", "tiny", "-n", "2", "--no-warmup"])
            .assert()
            .code(6)
            .stdout(contains("0 ok, 2 failed"));
    })
    .await;
}

#[test]
fn an_unreachable_server_is_named() {
    // a port that was free a moment ago
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    bench().args(["--base-url", &url, "--model", "tiny"]).assert().code(3).stderr(contains(&url));
    bench().args(["--base-url", &url]).assert().code(3).stderr(contains("--model"));
}

#[test]
fn unusable_input_is_named_with_its_remedy_before_anything_is_sent() {
    let folder = TempDir::new().unwrap();
    let empty = folder.path().join("empty.txt");
    fs::write(&empty, "\n").unwrap();
    let empty = empty.to_str().unwrap();
    for (flags, message) in [
        (["--concurrency", "0"], "`concurrency` must be at least 1, got 0"),
        (["--requests", "0"], "`requests` must be at least 1, got 0"),
        (["--max-tokens", "0"], "`max_tokens` must be at least 1, got 0"),
        (["--temperature", "-1"], "`temperature` must be 0 or more, got -1"),
        (["--timeout", "0"], "more than 0 seconds"),
        (["--prompt-file", empty], "is empty; write the prompt into it"),
        (["--prompt-file", "no/such/file"], "no/such/file"),
        (["--out", "no/such/folder/out.json"], "no/such/folder/out.json"),
        (["--api-key-file", "no/such/key"], "no/such/key"),
        (["--fake", "report-tp3"], "report-tp3"),
        (["--base-url", "ftp://127.0.0.1"], "ftp://127.0.0.1"),
    ] {
        let mut command = bench();
        if !matches!(flags[0], "--base-url" | "--fake") {
            command.args(["--base-url", "http://127.0.0.1"]);
        }
        command.args(["--model", "tiny"]).args(flags).assert().code(2).stderr(contains(message));
    }
}
