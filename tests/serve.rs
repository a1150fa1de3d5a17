//! `rehearsal serve` as a process: the report's two command lines, and what the real server would have refused.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::Value;

const MODEL: &str = "RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic";

/// The report's flags, less `--port`: a free one is taken.
const REPORT: [&str; 9] = [
    "--max-model-len",
    "4096",
    "--gpu-memory-utilization",
    "0.95",
    "--kv-cache-dtype",
    "fp8",
    "--enable-force-include-usage",
    "--download-dir",
    "/data/bench/hf",
];

fn rehearsal() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.env_remove("OPENAI_API_KEY");
    command
}

fn serve(flags: &[&str]) -> Command {
    let mut command = rehearsal();
    command.args(["serve", MODEL, "--host", "127.0.0.1", "--port", "0"]).args(REPORT).args(flags);
    command
}

/// A server that is stopped when the test ends, however it ends.
struct Running {
    process: Child,
    base_url: String,
    /// What it logged until it served.
    log: Vec<String>,
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        let mut process =
            serve(flags).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let stderr = process.stderr.take().expect("stderr is piped");
        let mut lines = BufReader::new(stderr).lines().map(|line| line.expect("text"));
        let mut log = Vec::new();
        let line = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it did not start: {log:?}"));
            if line.starts_with("serving ") {
                break line;
            }
            log.push(line);
        };
        // whatever it logs is read, so that it never waits for the reader
        std::thread::spawn(move || lines.for_each(drop));
        let base_url = line.split_whitespace().find(|word| word.starts_with("http://")).expect(&line).to_owned();
        Self { process, base_url, log }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn bench_counts_89_and_8(server: &Running) {
    let output = rehearsal()
        .args(["bench", "--base-url", &server.base_url, "-n", "2", "-c", "2", "--max-tokens", "8", "--format", "json"])
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(report["tokens"]["prompt"], 178, "two prompts of 89 tokens");
    assert_eq!(report["tokens"]["completion"], 16);
}

#[test]
fn the_reports_server_for_one_gpu_starts_and_counts_the_prompt_exactly() {
    bench_counts_89_and_8(&Running::start(&["--tensor-parallel-size", "1", "--pacing", "scaled", "--speed", "1000"]));
}

#[test]
fn the_reports_server_for_two_gpus_starts_with_its_flag() {
    let flags = ["--tensor-parallel-size", "2", "--max-num-seqs", "32", "--pacing", "scaled", "--speed", "1000"];
    bench_counts_89_and_8(&Running::start(&flags));
}

#[test]
fn without_its_flag_it_runs_out_of_memory_as_the_real_one_did() {
    let mut command = assert_cmd::Command::from_std(serve(&["--tensor-parallel-size", "2"]));
    command.assert().code(1).stderr(
        contains("CUDA out of memory occurred when warming up sampler with 1024 dummy requests.")
            .and(contains("try lowering `max_num_seqs` or `gpu_memory_utilization`")),
    );
}

#[test]
fn quantization_that_clashes_with_the_checkpoint_is_refused() {
    let mut command = assert_cmd::Command::from_std(serve(&["--quantization", "fp8"]));
    command.assert().code(1).stderr(contains("compressed-tensors").and(contains("fp8")));
}

#[test]
fn unusable_flags_are_named() {
    for (flags, message) in [
        (["--profile", "report-tp3"], "report-tp3"),
        (["--vllm-version", "9.9"], "9.9"),
        (["--gpu-memory-utilization", "1.5"], "1.5"),
        (["--tokenizer", "no/such/tokenizer.json"], "no/such/tokenizer.json"),
        (["--text", "shout"], "there are filler"),
        (["--text", "corpus:no/such/book"], "no/such/book"),
        (["--text", "canned:no/such/rules.toml"], "no/such/rules.toml"),
        (["--allowed-local-media-path", "/no/such/folder"], "/no/such/folder"),
        (["--limit-mm-per-prompt", "{\"image\": \"two\"}"], "must be a number"),
        (["--tensor-parallel-size", "0"], "--tensor-parallel-size"),
        (["--max-num-sequences", "3"], "--max-num-seqs"),
    ] {
        let mut command = rehearsal();
        command.args(["serve", MODEL, "--port", "0"]).args(flags);
        assert_cmd::Command::from_std(command).assert().code(2).stderr(contains(message));
    }
}

#[test]
fn vllms_flags_without_effect_are_named_in_one_line() {
    let server =
        Running::start(&["--enforce-eager", "-dp", "1", "--compilation-config.mode", "3", "--profile", "instant"]);
    assert_eq!(
        server.log.first().map(String::as_str),
        Some("without effect here: --compilation-config, --data-parallel-size, --download-dir, --enforce-eager")
    );
    assert!(server.log.iter().any(|line| line.ends_with("Application startup complete.")), "{:?}", server.log);
}

#[test]
fn told_to_stop_it_sums_up_and_leaves() {
    let mut server = Running::start(&["--profile", "instant"]);
    let stopped = Command::new("kill").arg(server.process.id().to_string()).status().expect("kill is there");
    assert!(stopped.success());
    assert_eq!(server.process.wait().expect("it ends").code(), Some(0));
    let mut said = String::new();
    std::io::Read::read_to_string(server.process.stdout.as_mut().expect("stdout is piped"), &mut said).expect("text");
    assert_eq!(said, "0 requests; steps late by nothing: no step was run\n");
}

#[test]
fn flags_come_from_a_file_and_the_command_line_has_the_last_word() {
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a file");
    let text =
        "profile: instant\nserved-model-name: [from-file, second]\napi-key: secret\nmax-num-batched-tokens: 3k\n";
    std::io::Write::write_all(&mut file, text.as_bytes()).expect("written");
    let server = Running::start(&["--config", file.path().to_str().expect("UTF-8"), "--served-model-name", "mine"]);
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["check", "--base-url", &server.base_url, "--filter", "U-01", "--timeout", "5"])
        .env("OPENAI_API_KEY", "secret")
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(server.log.iter().any(|line| line.ends_with("max_num_batched_tokens=3000.")), "{:?}", server.log);
}

/// What a chat of one message is answered.
fn chat(server: &Running, model: &str, content: &Value) -> Value {
    let body =
        serde_json::json!({"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 40});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = format!("{}/v1/chat/completions", server.base_url);
        let response = reqwest::Client::new().post(url).json(&body).send().await.expect("it answers");
        response.json().await.expect("JSON")
    })
}

#[test]
fn it_says_what_the_file_has_for_the_question_under_the_adapters_name() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
    let rules = "[[rule]]\nwhen = { model = \"parrot\" }\ntext = \"echo\"\n[[rule]]\nwhen = { user = \"weather\" }\nreply = \"Sunny.\"\n";
    std::io::Write::write_all(&mut file, rules.as_bytes()).expect("written");
    let text = format!("canned:{}", file.path().display());
    let flags = [
        "--profile",
        "instant",
        "--text",
        &text,
        "--response-role",
        "bot",
        "--enable-lora",
        "--lora-modules",
        "parrot=/a",
    ];
    let server = Running::start(&flags);
    let sunny = chat(&server, MODEL, &"how is the weather?".into());
    assert_eq!(sunny["choices"][0]["message"]["content"], "Sunny.");
    assert_eq!((&sunny["model"], &sunny["choices"][0]["message"]["role"]), (&MODEL.into(), &"bot".into()));
    let echoed = chat(&server, "parrot", &"how is the weather?".into());
    assert_eq!(echoed["choices"][0]["message"]["content"], "how is the weather?");
    assert_eq!(echoed["model"], "parrot");
}

#[test]
fn a_generation_config_limits_answers_and_requests_are_logged() {
    let flags = ["--profile", "instant", "--enable-log-requests"];
    let server = Running::start(&[flags.as_slice(), &["--override-generation-config.max_new_tokens", "7"]].concat());
    assert_eq!(chat(&server, MODEL, &"hi".into())["usage"]["completion_tokens"], 7);
    let wrong = ["--profile", "instant", "--generation-config", "/no/such/folder"];
    assert_cmd::Command::from_std(serve(&wrong)).assert().code(2).stderr(contains("generation_config.json"));
}

#[test]
fn images_are_read_below_their_folder_and_counted_by_the_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    // the head of a bitmap of 300 by 200 pixels, and its pixels
    let mut bitmap = b"BM".to_vec();
    for number in [54 + 300 * 200 * 3, 0, 54, 40, 300, 200, 24 << 16 | 1, 0, 0, 0, 0, 0, 0_u32] {
        bitmap.extend(number.to_le_bytes());
    }
    bitmap.resize(54 + 300 * 200 * 3, 7);
    let path = folder.path().join("grey.bmp");
    std::fs::write(&path, bitmap).expect("written");
    let image = serde_json::json!({"type": "image_url", "image_url": {"url": format!("file://{}", path.display())}});
    let one = Value::Array(vec![image.clone()]);
    let allowed = folder.path().to_str().expect("UTF-8");
    let flags = ["--profile", "instant", "--allowed-local-media-path", allowed, "--limit-mm-per-prompt.image", "1"];
    let server = Running::start(&flags);
    let whole = chat(&server, MODEL, &one)["usage"]["prompt_tokens"].as_u64().expect("a count");
    let refused = chat(&server, MODEL, &Value::Array(vec![image.clone(), image]));
    assert!(
        refused["error"]["message"].as_str().is_some_and(|said| said.starts_with("At most 1 image(s)")),
        "{refused}"
    );
    let smaller = Running::start(&[flags.as_slice(), &["--mm-processor-kwargs", r#"{"max_pixels": 12544}"#]].concat());
    let scaled = chat(&smaller, MODEL, &one)["usage"]["prompt_tokens"].as_u64().expect("a count");
    // 77 tokens of 28 by 28 pixels as they are, 4 by 3 when at most 16 fit
    assert_eq!(whole - scaled, 77 - 12);
}

#[test]
fn all_flags_are_listed_on_demand() {
    let mut command = rehearsal();
    command.args(["serve", "--help=all", "--vllm-version", "0.32.0"]);
    let mut command = assert_cmd::Command::from_std(command);
    command.assert().code(0).stdout(contains("--max-num-queued-reqs").and(contains("\nSchedulerConfig:\n")));
}
