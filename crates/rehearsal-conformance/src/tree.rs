//! A report as a text tree: what failed in full, the rest in one line each.

use std::fmt::Write;

use crate::{
    report::{CaseReport, Finding, SuiteReport},
    verdict::Verdict,
};

/// What a report's text shows of the cases that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Their line.
    #[default]
    Lines,
    /// Every finding of every case.
    Findings,
    /// The same, each beside what was expected: figures that may differ a little and be right.
    Figures,
}

impl SuiteReport {
    /// The report as text: a header, one line a case by family, the findings of those that did not pass, and a summary.
    #[must_use]
    pub fn to_tree(&self, detail: Detail) -> String {
        let mut text = String::new();
        // writing to a `String` cannot fail
        let _ = self.write_tree(&mut text, detail);
        text
    }

    fn write_tree(&self, out: &mut String, detail: Detail) -> std::fmt::Result {
        let version = self.facts.identity.version.as_deref().unwrap_or("unknown version");
        match &self.client {
            Some(client) => writeln!(out, "{}, a client: {}", client.name, client.command)?,
            None => {
                writeln!(out, "{}: {} ({version}), held to {}", self.target, self.facts.model, self.detection.profile)?;
            }
        }
        let mut family = "";
        for case in &self.cases {
            let of_case = case.family();
            if of_case != family {
                family = of_case;
                writeln!(out, "{}", family_name(family))?;
            }
            write_case(out, case, detail)?;
            if let Some(curl) = self.curl(case) {
                writeln!(out, "      {curl}")?;
            }
        }
        writeln!(out, "{}", self.counts.line())?;
        if let Some(reason) = &self.ended_early {
            writeln!(out, "ended early {reason}")?;
        }
        Ok(())
    }
}

impl crate::report::VerdictCounts {
    /// The counts in one line, without those that are 0.
    #[must_use]
    pub fn line(&self) -> String {
        let counts = [
            (self.pass, "passed"),
            (self.fail, "failed"),
            (self.non_strict, "non-strict"),
            (self.known_bug, "known-bug"),
            (self.fixed_bug, "fixed-bug"),
            (self.unimplemented, "unimplemented"),
            (self.skipped, "skipped"),
            (self.inconclusive, "inconclusive"),
        ];
        let shown: Vec<String> =
            counts.iter().filter(|(count, _)| 0 < *count).map(|(count, name)| format!("{count} {name}")).collect();
        if shown.is_empty() { "no case was run".into() } else { shown.join(", ") }
    }
}

fn write_case(out: &mut String, case: &CaseReport, detail: Detail) -> std::fmt::Result {
    let CaseReport { id, title, level, verdict, .. } = case;
    write!(out, "  {:<13} {id:<5} {title} [{}]", verdict.label(), level.label())?;
    match verdict.reason() {
        Some(reason) => writeln!(out, ": {reason}")?,
        None => writeln!(out)?,
    }
    for finding in &case.findings {
        let quiet = matches!(finding.verdict, Verdict::Pass | Verdict::Skipped { .. } | Verdict::Unimplemented { .. });
        if detail != Detail::Lines || !quiet {
            write_finding(out, finding, detail)?;
        }
    }
    Ok(())
}

fn write_finding(out: &mut String, finding: &Finding, detail: Detail) -> std::fmt::Result {
    let Finding { about, expected, seen, verdict, .. } = finding;
    match verdict {
        Verdict::Pass if detail != Detail::Figures => writeln!(out, "      {about}: {seen}"),
        Verdict::Skipped { reason } | Verdict::Unimplemented { reason } | Verdict::Inconclusive { reason } => {
            writeln!(out, "      {about}: {reason}")
        }
        _ => writeln!(out, "      {about}: expected {expected}, saw {seen}"),
    }
}

/// A family of cases by the letter that begins their ids.
pub(crate) fn family_name(prefix: &str) -> &str {
    match prefix {
        "U" => "usage",
        "L" => "limits",
        "E" => "errors",
        "F" => "stream framing",
        "H" => "headers and lifecycle",
        "M" => "metrics",
        "R" => "responses",
        "A" => "Anthropic messages",
        "P" => "laws of generated requests",
        "C" => "clients",
        other => other,
    }
}
