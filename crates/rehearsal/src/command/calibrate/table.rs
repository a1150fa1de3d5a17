//! A calibration as text for people.

use std::fmt::Write;

use rehearsal::calibrate::{Estimate, Role, Row, Setup};

use super::outcome::{Outcome, median};

/// Coefficients, residuals, forecasts, and what is not known, a configuration after the other.
pub(super) fn text(setup: &Setup, rows: &[Row], outcomes: &[Outcome]) -> String {
    let mut text = format!(
        "{} on {}; steps cost A(m) + b·decoding + c·KV tokens + e·prompt tokens\n",
        setup.model.name, setup.gpu.name
    );
    for outcome in outcomes {
        configuration(&mut text, rows, outcome);
    }
    text.truncate(text.trim_end().len());
    text
}

fn configuration(text: &mut String, rows: &[Row], outcome: &Outcome) {
    let (fitted, held_out) = (outcome.errors(rows, Role::Fit).len(), outcome.errors(rows, Role::Holdout).len());
    // writing to a String cannot fail
    let rows_are = if fitted == 1 { "row" } else { "rows" };
    let ranks = outcome.fit.tensor_parallel;
    let _ = writeln!(text, "\nTP={ranks}: {fitted} {rows_are} fitted, {held_out} held out\n");
    let _ = writeln!(text, "  {:<38}{:>10}  {:<24}{:<24}", "coefficient", "fitted", "95 % interval", "physics said");
    for estimate in &outcome.estimates {
        let Estimate { name, unit, value, prior, identifiable } = estimate;
        let named = if unit.is_empty() { (*name).to_owned() } else { format!("{name}, {unit}") };
        let remark = if *identifiable { "" } else { "not identifiable" };
        let _ = writeln!(
            text,
            "  {named:<38}{:>10}  {:<24}{:<24}{remark}",
            short(value.likely),
            format!("{} to {}", short(value.low), short(value.high)),
            format!("{} to {}", short(prior.low), short(prior.high)),
        );
    }
    let unknown: Vec<&str> = outcome.estimates.iter().filter(|it| !it.identifiable).map(|it| it.name).collect();
    if !unknown.is_empty() {
        let _ = writeln!(
            text,
            "\n  Not identifiable from these rows: {}. Their intervals are what physics leaves open; `calibrate --plan` says what to measure.",
            unknown.join("; ")
        );
    }
    residuals(text, rows, outcome);
    if outcome.forecasts.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {:>8}{:>14}  95 % interval, output tokens/s of the first row's load", "c", "forecast");
    for (concurrency, band) in &outcome.forecasts {
        let _ = writeln!(text, "  {concurrency:>8}{:>14.1}  {:.1} to {:.1}", band.likely, band.low, band.high);
    }
}

fn residuals(text: &mut String, rows: &[Row], outcome: &Outcome) {
    let _ = writeln!(
        text,
        "\n  {:<40}{:<10}{:<14}{:>12}{:>12}{:>9}",
        "row", "", "figure", "measured", "simulated", "error"
    );
    for residual in &outcome.fit.residuals {
        let row = &rows[residual.row];
        let role = match row.role {
            Role::Holdout => "held out",
            Role::Fit if row.fitted_figure() == Some(residual.figure) => "fitted",
            Role::Fit => "",
        };
        let _ = writeln!(
            text,
            "  {:<40}{role:<10}{:<14}{:>12}{:>12}{:>+8.1}%",
            row.name,
            residual.figure.name(),
            short(residual.measured),
            short(residual.simulated),
            residual.error() * 1e2
        );
    }
    match median(&mut outcome.errors(rows, Role::Holdout)) {
        Some(error) => {
            let _ = writeln!(text, "  median error on what was held out: {:.1} %", error * 1e2);
        }
        None => text
            .push_str("  nothing was held out, so nobody knows how good this is elsewhere; give runs with --holdout\n"),
    }
}

/// Four significant digits.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-3..1e5).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let digits = if 100.0 <= magnitude {
        1
    } else if 10.0 <= magnitude {
        2
    } else if 1.0 <= magnitude {
        3
    } else {
        4
    };
    format!("{value:.digits$}")
}
