//! A comparison for people, for pull requests, and for continuous integration.

use std::fmt::Write;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::{Change, Comparison, ComparisonReport};

/// A table in plain text.
#[must_use]
pub fn to_text(report: &ComparisonReport) -> String {
    let mut text = format!(
        "{:<22}{:>12}{:>12}{:>9}  {:<22}{}",
        "", "baseline", "candidate", "change", "difference (95 %)", "verdict"
    );
    for comparison in &report.comparisons {
        let [baseline, candidate, relative, difference] = cells(comparison);
        let _ = write!(
            text,
            "\n{:<22}{baseline:>12}{candidate:>12}{relative:>9}  {difference:<22}{}{}",
            comparison.figure,
            comparison.change.name(),
            if comparison.gates { format!(", must not be {}", comparison.threshold) } else { String::new() },
        );
    }
    text
}

/// A table for a comment on a pull request.
#[must_use]
pub fn to_markdown(report: &ComparisonReport) -> String {
    let mut page = String::from(
        "| figure | baseline | candidate | change | difference (95 %) | threshold | verdict |\n|---|---:|---:|---:|---|---|---|\n",
    );
    for comparison in &report.comparisons {
        let [baseline, candidate, relative, difference] = cells(comparison);
        let verdict = match (comparison.change, comparison.gates) {
            (Change::Regressed, true) => "**regressed**",
            (change, _) => change.name(),
        };
        let _ = writeln!(
            page,
            "| {} | {baseline} | {candidate} | {relative} | {difference} | {} | {verdict} |",
            comparison.figure,
            if comparison.gates { format!("`{}`", comparison.threshold) } else { "none".to_owned() },
        );
    }
    for warning in &report.warnings {
        let _ = writeln!(page, "\n> {warning}");
    }
    page
}

/// One test case a threshold: failed if the figure regressed, skipped if that is undecided.
pub fn to_junit(report: &ComparisonReport) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new("compare");
    for comparison in report.comparisons.iter().filter(|comparison| comparison.gates) {
        let [baseline, candidate, relative, difference] = cells(comparison);
        let said = format!("baseline {baseline}, candidate {candidate}, change {relative}, difference {difference}");
        let mut status = match comparison.change {
            Change::Regressed => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Change::Undecided => TestCaseStatus::skipped(),
            Change::Improved | Change::Unchanged => TestCaseStatus::success(),
        };
        status.set_message(format!("{}: {said}", comparison.change.name()));
        suite.add_test_case(TestCase::new(comparison.threshold.clone(), status));
    }
    let mut junit = JUnit::new("rehearsal compare");
    junit.add_test_suite(suite);
    junit.to_string()
}

fn cells(comparison: &Comparison) -> [String; 4] {
    let value = |value: f64| {
        if comparison.is_latency { format!("{:.3} ms", value * 1000.0) } else { format!("{value:.4}") }
    };
    let difference = comparison.difference.map(|difference| {
        if comparison.is_latency {
            format!("{:+.3} … {:+.3} ms", difference.low * 1000.0, difference.high * 1000.0)
        } else {
            format!("{:+.4} … {:+.4}", difference.low, difference.high)
        }
    });
    [
        comparison.baseline.map_or_else(|| "-".into(), value),
        comparison.candidate.map_or_else(|| "-".into(), value),
        comparison.relative.map_or_else(|| "-".into(), |relative| format!("{:+.1} %", relative * 100.0)),
        difference.unwrap_or_else(|| "-".into()),
    ]
}
