//! One page with everything: figures, warnings, charts. It needs no network, no script and no other file.
//!
//! [`Chart`] and [`page`] are for others too who have figures to show.

mod axis;
mod chart;
mod charts;
mod exploration;
mod ink;
mod server_side;
mod tables;

use std::fmt::Write;

pub use self::{axis::Axis, chart::Chart, exploration::exploration_to_html, ink::Ink};
use super::{Completion, Recording, Report};

const STYLE: &str = include_str!("style.css");

/// The page of a run.
#[must_use]
pub fn to_html(recording: &Recording) -> String {
    let report = recording.report();
    let mut body = tables::cards(&report);
    for warning in &report.warnings {
        let bad = if report.is_incomplete() { " bad" } else { "" };
        let _ = writeln!(body, "<p class=\"warning{bad}\">{}</p>", escape(&warning.message));
    }
    body += &charts::all(recording, &report);
    body += &tables::distributions(&report);
    body += &server_side::table(&report);
    body += &tables::verdicts(&report);
    body += &tables::cross_checks(&report);
    body += &tables::definitions();
    let title = format!("{} at {}", report.plan.model, report.plan.url);
    page("Load report", title.trim(), &subtitle(recording, &report), &body)
}

/// A page of this look around `body`, which is HTML; `kind`, `title` and `subtitle` are text.
#[must_use]
pub fn page(kind: &str, title: &str, subtitle: &str, body: &str) -> String {
    let (kind, title, subtitle) = (escape(kind), escape(title), escape(subtitle));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{kind}: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p class=\"soft\">{subtitle}</p>\n{body}</body>\n</html>\n",
    )
}

fn subtitle(recording: &Recording, report: &Report) -> String {
    let when = recording
        .started_unix
        .map(|_| format!(", started {}", recording.started_at().strftime("%Y-%m-%d %H:%M:%S UTC")));
    let completion = match report.completion {
        Completion::Complete => "complete",
        Completion::Interrupted { .. } => "interrupted",
        Completion::Partial { .. } => "partial: its log was cut",
    };
    let streamed = if report.plan.stream { "streamed" } else { "not streamed" };
    format!(
        "{} requests of at most {} tokens, {streamed}; {completion}{}; measured by {}",
        report.counts.finished,
        report.plan.max_tokens,
        when.unwrap_or_default(),
        report.generator,
    )
}

/// `text` between tags or in an attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // a page may not hold them at all
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_a_server_says_stays_text() {
        assert_eq!(escape("<script>&\"'\u{0}é"), "&lt;script&gt;&amp;&quot;&#39;\u{fffd}é");
    }
}
