//! The comparison as text for people.

use std::fmt::Write;

use super::comparison::{Comparison, FIGURES, speed_up};

/// A table a configuration, and the ratio between the two.
pub(super) fn text(comparisons: &[Comparison]) -> String {
    let mut text = String::from("Qwen2.5-VL-72B FP8, vLLM 0.13.0, 16 at a time, 64 requests, 89 tokens in, 256 out\n");
    for comparison in comparisons {
        // writing to a String cannot fail
        let _ = writeln!(text, "\n{:<24}{:>12}{:>12}{:>10}", comparison.name, "published", "rehearsed", "error");
        for figure in FIGURES {
            let (published, rehearsed, error) = comparison.row(figure);
            let name = format!("{}, {}", figure.name, figure.unit);
            let _ =
                writeln!(text, "{name:<24}{:>12}{:>12}{:>10}", number(published), number(rehearsed), percent(error));
        }
    }
    if let Some((published, rehearsed)) = speed_up(comparisons) {
        let error = percent(Some(rehearsed / published - 1.0));
        let _ = write!(text, "\n{:<24}{published:>12.4}{rehearsed:>12.4}{error:>10}", "decode_tps, TP=2 / TP=1");
    }
    text.truncate(text.trim_end().len());
    text
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:+.3} %", value * 100.0))
}
