//! `rehearsal calibrate` as a process: the report's two results in, profiles and honest intervals out.

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::Value;

const REPORT: [&str; 8] = [
    "--gpu",
    "RTX PRO 6000",
    "--model",
    "qwen2.5-vl-72b-fp8",
    "--kv-cache-dtype",
    "fp8",
    "--gpu-memory-utilization",
    "0.95",
];

fn rehearsal(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.args(args);
    command
}

fn calibrate(args: &[&str]) -> Command {
    let mut command = rehearsal(&["calibrate"]);
    command.args(REPORT).args(args);
    command
}

fn fixture(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("fixtures/report").join(name).display().to_string()
}

#[test]
fn the_reports_results_become_profiles_that_serve_and_forecast_take() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let (one, two) = (format!("1={}", fixture("tp1.json")), format!("2={}", fixture("tp2.json")));
    let args = ["--fit", &one, "--holdout", &two, "--fit", &two, "-c", "16", "--max-num-seqs", "32", "--out", &out];
    let output = calibrate(&args).args(["--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let configurations = document["configurations"].as_array().unwrap();
    assert_eq!(configurations.len(), 2);
    for configuration in configurations {
        let unknown: Vec<&str> =
            configuration["not_identifiable"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for part in ["prefill", "batch slope", "KV slope"] {
            assert!(unknown.iter().any(|name| name.contains(part)), "{part} in {unknown:?}");
        }
    }
    assert_eq!(configurations[0]["holdout_median_error"], Value::Null);
    assert!(configurations[1]["holdout_median_error"].as_f64().unwrap() < 0.01);

    let profile = folder.path().join("calibrated-tp2.toml");
    let text = fs::read_to_string(&profile).unwrap();
    assert!(text.contains("fitted to: ") && text.contains("not identifiable from these rows"), "{text}");
    let profile = profile.display().to_string();
    // the report's own run on the profile that was made from it
    let bench = rehearsal(&["bench", "--fake", &profile, "-c", "16", "-n", "64", "--format", "json"]).output().unwrap();
    assert!(bench.status.success(), "{}", String::from_utf8_lossy(&bench.stderr));
    rehearsal(&["forecast", "--profile", &profile, "-c", "1,4", "--slo-tpot-ms", "60"])
        .assert()
        .success()
        .stdout(contains("within the objectives at the 99th percentile: up to"));
}

#[test]
fn what_cannot_be_calibrated_says_why_and_what_to_do() {
    calibrate(&[]).assert().code(2).stderr(contains("there is nothing to fit; give measured runs with --fit"));
    calibrate(&["--fit", "tp1.json"]).assert().code(2).stderr(contains("write 2=tp1.json"));
    let one = format!("3={}", fixture("tp1.json"));
    calibrate(&["--fit", &one]).assert().code(2).stderr(contains("over 3 GPUs does not divide the 64 attention heads"));
    rehearsal(&["calibrate", "--gpu", "H1000", "--model", "qwen3-32b", "--fit", &one])
        .assert()
        .code(2)
        .stderr(contains("no GPU `H1000` is known; there are H100 SXM"));
    rehearsal(&["calibrate", "--gpu", "H100", "--model", "nowhere/config.json", "--fit", &one])
        .assert()
        .code(2)
        .stderr(contains("nowhere/config.json").and(contains("or one of qwen2.5-vl-72b-fp8")));
}

#[test]
fn the_plan_is_a_script_for_the_machine_that_is_rented() {
    calibrate(&["--plan", "--tensor-parallel", "2"]).assert().success().stdout(contains(
        "vllm serve RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic --tensor-parallel-size 2 --kv-cache-dtype fp8",
    ));
}

#[test]
fn a_description_has_a_memory_plan_and_the_flag_that_would_make_it_start() {
    let described = |args: &[&str]| {
        let output = rehearsal(&["forecast", "--format", "json", "-c", "1"]).args(REPORT).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["configurations"].take()
    };
    let plans = described(&["--max-model-len", "4096"]);
    assert_eq!((&plans[0]["starts"], &plans[1]["starts"]), (&Value::Bool(true), &Value::Bool(false)));
    assert!(plans[1]["verdict"].as_str().unwrap().contains("warming up sampler with 1024 dummy requests"));
    assert_eq!(plans[1]["remedies"][0], "--max-num-seqs 512");
    let tokens = plans[0]["kv_tokens"].as_u64().unwrap();
    assert!((94_000..=113_000).contains(&tokens), "{tokens}");

    rehearsal(&["forecast", "--gpu", "A10", "--model", "qwen2.5-vl-72b-fp8", "--tensor-parallel", "1"])
        .assert()
        .success()
        .stdout(contains("refused: No available memory for the cache blocks").or(contains("refused:")));
}

/// The whole way: every command of the plan on a fake whose step times are known, its results fitted, and the coefficients come back. Oracle: the
/// profile that the fake has. Answers are shorter than the plan's, so that the test is.
#[test]
fn the_plans_own_commands_give_back_what_the_machine_is() {
    let setup = ["--gpu", "H200", "--model", "llama-3-70b-fp8", "--max-model-len", "8192", "--max-num-seqs", "256"];
    let plan = rehearsal(&["calibrate", "--plan", "--tensor-parallel", "2"]).args(setup).output().unwrap();
    let plan = String::from_utf8(plan.stdout).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for name in ["fit-tp2", "holdout-tp2"] {
        assert!(plan.contains(name));
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let mut runs = 0;
    for line in plan.lines().filter_map(|line| line.strip_prefix("rehearsal ")) {
        let line = line
            .replace("--base-url http://127.0.0.1:8000", "--fake h200-llama3-70b-fp8-tp2")
            .replace("205..307", "16..24")
            .replace("-n 128", "-n 64")
            .replace("--duration 30", "--duration 12");
        let output = rehearsal(&line.split_whitespace().collect::<Vec<_>>()).current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        runs += 1;
    }
    assert_eq!(runs, 7);
    let files = [
        "--length-spread",
        "0.2",
        "--turnaround-ms",
        "0",
        "--stagger-ms",
        "0",
        "--fit",
        "2=fit-tp2",
        "--holdout",
        "2=holdout-tp2",
    ];
    let output = rehearsal(&["calibrate", "--format", "json", "-c", "16"])
        .args(setup)
        .args(files)
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let configuration = &document["configurations"][0];
    let error = configuration["holdout_median_error"].as_f64().unwrap();
    assert!(error < 0.05, "{error}");
    let coefficients = configuration["coefficients"].as_array().unwrap();
    // of profiles/h200-llama3-70b-fp8-tp2.toml
    for (index, truth) in [(0, 13.16), (4, 0.0704)] {
        let value = &coefficients[index]["value"];
        let (low, high) = (value["low"].as_f64().unwrap(), value["high"].as_f64().unwrap());
        assert!(
            low <= truth && truth <= high && coefficients[index]["identifiable"] == true,
            "{truth}: {}",
            coefficients[index]
        );
    }
}
