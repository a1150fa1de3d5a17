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
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        let mut process =
            serve(flags).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let stderr = process.stderr.take().expect("stderr is piped");
        let line = BufReader::new(stderr).lines().next().expect("a line").expect("text");
        let base_url = line.split_whitespace().find(|word| word.starts_with("http://")).expect(&line).to_owned();
        Self { process, base_url }
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
        (["--tensor-parallel-size", "0"], "--tensor-parallel-size"),
        (["--max-num-sequences", "3"], "--max-num-seqs"),
    ] {
        let mut command = rehearsal();
        command.args(["serve", MODEL, "--port", "0"]).args(flags);
        assert_cmd::Command::from_std(command).assert().code(2).stderr(contains(message));
    }
}
