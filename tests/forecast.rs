//! `rehearsal forecast` as a process: the report's table, held to the published figures.

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
