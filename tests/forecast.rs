//! `rehearsal forecast` as a process: the report's table, held to the published figures.

use std::fs;

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::Value;

fn forecast() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command.arg("forecast");
    command
}

/// Largest relative error allowed: the report's own spread (see ARCHITECTURE.md on what the report fixes).
fn tolerance(figure: &str) -> f64 {
    match figure {
        "latency p95" | "latency min" | "latency max" => 0.003,
        _ => 0.001,
    }
}

#[test]
fn both_configurations_are_rehearsed_within_the_reports_own_spread() {
    let output = forecast().args(["--format", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let configurations = document["configurations"].as_array().unwrap();
    assert_eq!(configurations.len(), 2);
    for configuration in configurations {
        let figures = configuration["figures"].as_object().unwrap();
        assert_eq!(figures.len(), 9);
        for (name, figure) in figures {
            let error = figure["relative_error"].as_f64().unwrap();
            assert!(error.abs() <= tolerance(name), "{} {name}: {figure}", configuration["profile"]);
        }
    }
    let ratio = document["decode_tps_ratio"]["rehearsed"].as_f64().unwrap();
    assert_eq!(format!("{ratio:.2}"), "1.34");
}

#[test]
fn one_configuration_alone_has_no_ratio() {
    forecast().args(["--profile", "report-tp2"]).assert().success().stdout(contains("report-tp2"));
    let output = forecast().args(["--profile", "report-tp2", "--format", "json"]).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["decode_tps_ratio"], Value::Null);
}

#[test]
fn an_unknown_configuration_is_named_beside_the_known_ones() {
    forecast()
        .args(["--profile", "report-tp3"])
        .assert()
        .code(2)
        .stderr(contains("`report-tp3`").and(contains("report-tp1, report-tp2")));
}

fn sweep(args: &[&str]) -> Value {
    let output = forecast().args(["--sweep", "--format", "json"]).args(args).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).expect("one JSON document")["sweep"].take()
}

/// By hand from the published throughput (260.369 and 348.010 tok/s) and the prices of 2026-10: 6.38 / (260.369 · 0.0036), 11.00 / (348.010 ·
/// 0.0036), 11.00 / (2 · 260.369 · 0.0036).
#[test]
fn a_million_tokens_of_the_report_cost_what_its_successors_cost() {
    let sweep = sweep(&["-c", "16"]);
    let costs: Vec<String> = sweep["offers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|offer| format!("{:.2}", offer["published_per_million_output_tokens"].as_f64().unwrap()))
        .collect();
    assert_eq!(costs, ["6.81", "8.78", "5.87"]);
    forecast()
        .arg("--sweep")
        .assert()
        .success()
        .stdout(contains("Standard_NC288ds_xl_RTXPRO6000BSE_v6: 11.00 USD/h, eastus, 2026-10-10"))
        .stdout(contains("no longer deploys; Standard_NC288ds_xl_RTXPRO6000BSE_v6 replaces it"));
}

#[test]
fn the_users_own_price_is_used_and_carries_its_date() {
    let sweep = sweep(&["-c", "16", "--price", "NC288ds_xl=5.5@2026-11-20"]);
    let offer = &sweep["offers"][1];
    assert_eq!(offer["price"]["as_of"], "2026-11-20");
    let cost = offer["published_per_million_output_tokens"].as_f64().unwrap();
    assert_eq!(format!("{cost:.2}"), "4.39");
    forecast()
        .args(["--sweep", "--price", "NC289=1"])
        .assert()
        .code(2)
        .stderr(contains("no Azure size `NC289` is known; did you mean"));
}

#[test]
fn without_a_price_in_the_currency_there_is_no_cost_but_a_remedy() {
    forecast().args(["--sweep", "-c", "16", "--currency", "EUR", "--price", "NC144ds_xl=6"]).assert().success().stdout(
        contains("EUR per million").and(contains("no price in this currency; give one with --price NC288ds_xl=")),
    );
}

fn json(args: &[&str]) -> Value {
    let output = forecast().args(["--format", "json"]).args(args).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

const LLAMA: [&str; 4] = ["--model", "llama-3-70b-fp8", "--max-model-len", "8192"];

/// On two GPUs the model is split or, where one holds it, copied; the price is that of the whole machine.
#[test]
fn a_size_is_filled_in_every_way_that_the_model_can_be_split() {
    let args = [
        "--size",
        "NC80adis_H100_v5",
        "--price",
        "NC80adis_H100_v5=14@2026-11-24",
        "-c",
        "4,8",
        "--slo-tpot-ms",
        "90",
        "--slo-ttft-ms",
        "3000",
    ];
    let document = json(&[&args[..], &LLAMA].concat());
    let titles: Vec<&str> =
        document["deployments"].as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["2 x TP=1, NC80adis_H100_v5", "TP=2, NC80adis_H100_v5"]);
    for deployment in document["deployments"].as_array().unwrap() {
        let point = &deployment["points"][0];
        let (tps, bill) = (&point["figures"]["output_tps"], &point["per_million_tokens"]);
        assert!(tps["low"].as_f64().unwrap() < tps["likely"].as_f64().unwrap());
        // by hand: the hour's price over the hour's tokens
        let expect = 14.0 / (tps["likely"].as_f64().unwrap() * 0.0036);
        assert!((bill["output_pays_all"]["likely"].as_f64().unwrap() / expect - 1.0).abs() < 1e-9, "{bill}");
    }
    let advice = document["advice"].to_string();
    assert!(advice.contains("break-even") && advice.contains("load as it takes within the objectives"), "{advice}");
}

#[test]
fn a_size_with_too_little_memory_says_which_sizes_have_enough() {
    forecast()
        .args(["--size", "NV36ads_A10_v5", "-c", "1"])
        .args(LLAMA)
        .assert()
        .code(1)
        .stderr(contains("TP=1, NV36ads_A10_v5: refused: No available memory for the cache blocks"))
        .stderr(
            contains("it would start on NC40ads_H100_v5 (TP=1)").or(contains("it would start on NC144ds_xl (TP=1)")),
        );
}

#[test]
fn what_does_not_fit_together_says_what_would() {
    let refused = |args: &[&str], expect: &str| {
        forecast().args(args).assert().code(2).stderr(contains(expect));
    };
    refused(&["--model", "qwen3-32b"], "--model alone says nothing; where does it run?");
    refused(&["--size", "NC144ds_xl"], "what runs there? give --model config.json");
    refused(&["--size", "NC288ds", "--model", "qwen3-32b"], "no Azure size `NC288ds` is known; did you mean");
    refused(
        &["--size", "NC256ds_xl", "--model", "qwen3-32b"],
        "no longer deploys; Standard_NC288ds_xl_RTXPRO6000BSE_v6 replaces it",
    );
    refused(&["--size", "NC4as_T4_v3", "--model", "qwen3-32b"], "no GPU `T4` is known; there are");
    refused(
        &["--size", "NC72ds_xl", "--model", "qwen3-32b", "--tensor-parallel", "2"],
        "parts of GPUs (MIG, vGPU) cannot be joined",
    );
    refused(
        &["--size", "NC288ds_xl", "--model", "qwen3-32b", "--tensor-parallel", "4"],
        "TP=4 x PP=1 does not divide the 2 GPUs of",
    );
    refused(
        &["--size", "NC144ds_xl", "--profile", "h200-llama3-70b-fp8-tp1"],
        "profile h200-llama3-70b-fp8-tp1 was measured on NVIDIA H200",
    );
    refused(&["--rate", "1"], "--rate needs something to ask it of");
    refused(&["--profile", "report-tp1", "--rate", "0"], "--rate must be a finite number > 0");
    refused(&["--profile", "report-tp1", "--shared-prefix", "2"], "--shared-prefix must be from 0 to 1, got 2");
    refused(&["--profile", "report-tp1", "--trace", "nowhere.csv"], "trace `nowhere.csv`");
    refused(&["--svg", "charts"], "there is no chart without a range of loads; add --sweep");
}

/// Two stages hold half the layers each and keep two batches going: more room for the cache, and no less throughput than one GPU.
#[test]
fn a_pipeline_has_more_memory_and_keeps_its_stages_busy() {
    let args = ["--gpu", "H100 NVL", "-c", "16", "--tensor-parallel", "1"];
    let one = json(&[&args[..], &LLAMA].concat());
    let two = json(&[&args[..], &LLAMA, &["--pipeline-parallel", "2"]].concat());
    let tokens = |document: &Value| document["configurations"][0]["kv_tokens"].as_f64().unwrap();
    let tps =
        |document: &Value| document["deployments"][0]["points"][0]["figures"]["output_tps"]["likely"].as_f64().unwrap();
    assert!(4.0 * tokens(&one) < tokens(&two), "{} {}", tokens(&one), tokens(&two));
    assert!(tps(&one) < tps(&two), "{} {}", tps(&one), tps(&two));
    assert_eq!(two["deployments"][0]["title"], "TP=1 PP=2");
}

/// What the prefix cache finds need not be computed, so the first token comes sooner.
#[test]
fn shared_prefixes_and_conversations_are_found_in_the_cache() {
    let first = |args: &[&str]| {
        let profile =
            ["--profile", "h200-llama3-70b-fp8-tp2", "-c", "8", "--prompt-tokens", "2048", "--output-tokens", "32"];
        let document = json(&[&profile[..], args].concat());
        document["deployments"][0]["points"][0]["figures"]["ttft_p50_s"]["likely"].as_f64().unwrap()
    };
    let alone = first(&[]);
    assert!(first(&["--shared-prefix", "0.75"]) < 0.6 * alone);
    assert!(first(&["--turns", "4"]) < 0.6 * alone);
    assert!(0.9 * alone < first(&["--turns", "4", "--no-enable-prefix-caching"]));
}

#[test]
fn a_trace_is_played_at_the_speeds_asked() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("azure.csv");
    let lines = (0..50).map(|second| format!("2024-05-10 00:00:{second:02}.000000,300,40"));
    let head = "TIMESTAMP,ContextTokens,GeneratedTokens".to_owned();
    let text = std::iter::once(head).chain(lines).collect::<Vec<String>>().join("\n");
    fs::write(&trace, text).unwrap();
    let trace = trace.display().to_string();
    let document = json(&["--profile", "report-tp2", "--trace", &trace, "--trace-speed", "0.5,1"]);
    let points = document["deployments"][0]["points"].as_array().unwrap();
    // by hand: a request of 40 tokens a second, or half of one
    for (point, expect) in points.iter().zip([20.0, 40.0]) {
        let tps = point["figures"]["output_tps"]["likely"].as_f64().unwrap();
        assert!((tps / expect - 1.0).abs() < 0.1, "{tps} instead of {expect}");
        assert_eq!(point["keeps_up"], true);
    }
}

#[test]
fn a_rate_has_a_capacity_within_the_objectives() {
    let args =
        ["--profile", "h200-llama3-70b-fp8-tp2", "--rate", "0.5", "--prompt-tokens", "256", "--output-tokens", "64"];
    let document = json(&[&args[..], &["--slo-tpot-ms", "16"]].concat());
    let capacity = &document["deployments"][0]["capacity"];
    let level = |name: &str| capacity[name].as_f64().unwrap_or(0.0);
    assert!(level("low") <= level("likely") && level("likely") <= level("high") && 0.5 < level("likely"), "{capacity}");
}

/// The profile of one GPU and physics give four, with a band; a profile of another GPU is refused.
#[test]
fn what_was_measured_on_one_number_of_gpus_forecasts_others() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = format!("1={}/fixtures/report/tp1.json", env!("CARGO_MANIFEST_DIR"));
    let out = folder.path().display().to_string();
    let setup =
        ["--gpu", "RTX PRO 6000", "--model", "qwen2.5-vl-72b-fp8", "--kv-cache-dtype", "fp8", "--max-num-seqs", "32"];
    Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("calibrate")
        .args(setup)
        .args(["--fit", &fixture, "-c", "16", "--out", &out])
        .assert()
        .success();
    let profile = folder.path().join("calibrated-tp1.toml").display().to_string();
    let narrow = json(&[&setup[..], &["-c", "16", "--tensor-parallel", "1,2,4", "--measured", &profile]].concat());
    let wide = json(&[&setup[..], &["-c", "16", "--tensor-parallel", "1,2,4"]].concat());
    let width = |document: &Value, index: usize| {
        let tps = &document["deployments"][index]["points"][0]["figures"]["output_tps"];
        tps["high"].as_f64().unwrap() / tps["low"].as_f64().unwrap()
    };
    for index in 0..3 {
        assert!(1.0 < width(&narrow, index) && width(&narrow, index) < width(&wide, index), "{index}");
    }
    forecast()
        .args(["--gpu", "H200", "--model", "qwen2.5-vl-72b-fp8", "--measured", &profile])
        .assert()
        .code(2)
        .stderr(contains("was measured on NVIDIA RTX PRO 6000").and(contains("which says nothing of NVIDIA H200")));
}
