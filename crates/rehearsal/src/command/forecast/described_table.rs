//! The same as text for people.

use std::fmt::Write;

use rehearsal::calibrate::Setup;

use super::described::Described;
use crate::args::ForecastArgs;

/// Memory plans and forecasts.
pub(super) fn text(args: &ForecastArgs, setup: &Setup, all: &[Described]) -> String {
    let mut text = format!("{} on {}\n\n", setup.model.name, setup.gpu.name);
    // writing to a String cannot fail
    let _ = writeln!(
        text,
        "{:>4}{:>16}{:>14}{:>16}{:>18}  start",
        "TP", "weights a GPU", "KV tokens", "longest request", "such at a time"
    );
    for one in all {
        let plan = one.start.as_ref().ok();
        let _ = writeln!(
            text,
            "{:>4}{:>12.1} GiB{:>14}{:>16}{:>18}  {}",
            one.tensor_parallel,
            one.weights_gib,
            plan.map_or_else(|| "-".to_owned(), |plan| plan.kv_tokens.to_string()),
            one.max_model_len,
            plan.map_or_else(|| "-".to_owned(), |plan| format!("{:.1}", plan.max_concurrency)),
            one.verdict()
        );
    }
    let starting: Vec<&Described> = all.iter().filter(|one| !one.forecasts.is_empty()).collect();
    if !starting.is_empty() {
        let _ = writeln!(
            text,
            "\nOutput tokens per second, {} tokens in, {} out; nothing was measured: in brackets what datasheets leave open (95 %).\n\
             Such forecasts are off by 36 % in the median; `rehearsal calibrate --plan` says what to measure.\n",
            args.prompt_tokens, args.output_tokens
        );
        let _ = write!(text, "{:>6}", "c");
        for one in &starting {
            let _ = write!(text, "{:>32}", format!("TP={}", one.tensor_parallel));
        }
        text.push('\n');
        for index in 0..args.concurrency.len() {
            let _ = write!(text, "{:>6}", args.concurrency[index]);
            for one in &starting {
                let (_, band) = one.forecasts[index];
                let _ = write!(text, "{:>32}", format!("{:.1} ({:.1} to {:.1})", band.likely, band.low, band.high));
            }
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
}
