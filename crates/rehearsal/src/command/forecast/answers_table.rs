//! The same as text for people.

use std::fmt::Write;

use rehearsal::forecast::{Band, Bill, Capacity};

use super::{
    answers::{Answer, Answers},
    candidates::{Candidate, Candidates},
    requests::Requests,
};
use crate::args::ForecastArgs;

/// Memory, figures with their bands, costs, and what to rent.
pub(super) fn text(args: &ForecastArgs, candidates: &Candidates, answers: &Answers) -> String {
    let mut text = format!("{}\n\n", candidates.heading);
    memory(&mut text, candidates);
    if !candidates.all.is_empty() {
        // writing to a String cannot fail
        let _ = writeln!(text, "\n{};\n{}.", Requests::words(&args.load), candidates.basis);
        for (candidate, answer) in candidates.all.iter().zip(&answers.all) {
            figures(&mut text, answers.unit, candidate, answer);
        }
        if answers.all.iter().any(|answer| answer.points.iter().any(|point| point.bill.is_some())) {
            text.push_str(COSTS);
        }
        if !answers.advice.is_empty() {
            let _ = writeln!(text, "\n{}", answers.advice.join("\n"));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

const COSTS: &str = "\nCosts are of a million tokens and pay for the whole hour: output alone; or split, where prompt tokens pay for the time by which they\n\
                     made steps longer (in) and output tokens for the rest (out).\n";

fn memory(text: &mut String, candidates: &Candidates) {
    let _ = writeln!(
        text,
        "{:<34}{:>14}{:>12}{:>16}{:>16}  start",
        "", "weights a GPU", "KV tokens", "longest request", "such at a time"
    );
    for one in &candidates.configurations {
        let plan = one.start.as_ref().ok().and_then(Option::as_ref);
        let of_plan = |figure: &dyn Fn(&rehearsal::fake::profile::MemoryPlan) -> String| {
            plan.map_or_else(|| "-".to_owned(), figure)
        };
        let _ = writeln!(
            text,
            "{:<34}{:>10.1} GiB{:>12}{:>16}{:>16}  {}",
            one.title,
            one.weights_gib,
            of_plan(&|plan| plan.kv_tokens.to_string()),
            one.max_model_len,
            of_plan(&|plan| format!("{:.1}", plan.max_concurrency)),
            one.verdict()
        );
    }
}

fn figures(text: &mut String, unit: &str, candidate: &Candidate, answer: &Answer) {
    let price = candidate.deployment.price.as_ref();
    let price_says = match (&candidate.size, price) {
        (None, _) => String::new(),
        (Some(_), Some(price)) => format!(": {price}"),
        (Some(size), None) => {
            format!(": no price in this currency; give one with --price {}=AMOUNT", size.short_name())
        }
    };
    let _ = writeln!(text, "\n{}{price_says}", answer.title);
    let _ = write!(
        text,
        "{unit:>12}{:>26}{:>24}{:>24}{:>26}",
        "output tok/s", "ms a token, mean", "ms to first, median", "ms to first, p99"
    );
    if price.is_some() {
        let currency = price.map_or("", |price| price.currency.as_str());
        let _ = write!(text, "{:>24}{:>7}{:>7}", format!("{currency}/M output alone"), "in", "out");
    }
    text.push('\n');
    for point in &answer.points {
        let outlook = &point.outlook;
        let ms = |seconds: Option<Band>, digits| {
            seconds.map_or_else(|| "-".to_owned(), |it| band(it.map(|seconds| seconds * 1e3), digits))
        };
        let _ = write!(
            text,
            "{:>12}{:>26}{:>24}{:>24}{:>26}",
            point.level.amount(),
            band(outlook.output_tps, 1),
            ms(outlook.tpot_mean_s, 1),
            ms(outlook.ttft_p50_s, 0),
            ms(outlook.ttft_p99_s, 0),
        );
        if let Some(bill) = &point.bill {
            let _ = write!(text, "{}", costs(bill));
        }
        text.push_str(if point.keeps_up { "\n" } else { "  does not keep up\n" });
    }
    if let Some((capacity, bill)) = &answer.capacity {
        let _ =
            writeln!(text, "{}", within(unit, *capacity, bill.as_ref(), price.map(|price| price.currency.as_str())));
    }
}

fn costs(bill: &Bill) -> String {
    let likely = |band: Option<Band>| band.map_or_else(|| "-".to_owned(), |band| format!("{:.2}", band.likely));
    format!("{:>24}{:>7}{:>7}", band(bill.output_pays_all, 2), likely(bill.prompt_token), likely(bill.output_token))
}

fn within(unit: &str, capacity: Capacity, bill: Option<&Bill>, currency: Option<&str>) -> String {
    let level = |level: Option<f64>| match level {
        None => "none".to_owned(),
        Some(level) if level.fract() == 0.0 => format!("{level}"),
        Some(level) => format!("{level:.2}"),
    };
    let mut line = format!(
        "  within the objectives at the 99th percentile: up to {} {unit} ({} to {})",
        level(capacity.likely),
        level(capacity.low),
        level(capacity.high)
    );
    if let (Some(bill), Some(currency)) = (bill, currency) {
        let _ = write!(line, ", then {:.2} {currency} per million output tokens", bill.output_pays_all.likely);
    }
    line
}

/// A figure, and what it may be where that is something else.
fn band(band: Band, digits: usize) -> String {
    if (band.high - band.low).abs() <= f64::EPSILON * band.likely.abs() {
        return format!("{:.digits$}", band.likely);
    }
    format!("{:.digits$} ({:.digits$} to {:.digits$})", band.likely, band.low, band.high)
}
