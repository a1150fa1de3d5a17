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
