//! Markdown: what did not pass first, then every case in a table.

use std::fmt::Write;

use crate::{report::SuiteReport, tree::family_name, verdict::Verdict};

impl SuiteReport {
    /// The report as Markdown: who was asked, what did not pass and why, and every case.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        // writing to a `String` cannot fail
        let _ = self.write_markdown(&mut text);
        text
    }

    fn write_markdown(&self, out: &mut String) -> std::fmt::Result {
        let version = self.facts.identity.version.as_deref().unwrap_or("unknown version");
        match &self.client {
            Some(client) => writeln!(out, "# {}: reported against the truth\n", cell(&client.name))?,
            None => writeln!(out, "# {} ({version}), held to {}\n", cell(&self.facts.model), self.detection.profile)?,
        }
        let flags: Vec<&str> = self.flags.iter().map(|flag| flag.label()).collect();
        let flags = if flags.is_empty() { "none told".to_owned() } else { flags.join(" ") };
        match &self.client {
            Some(client) => {
                let command = code(&client.command);
                writeln!(out, "{}. Suite {}. Client: `{command}`.", self.counts.line(), self.suite_version)?;
            }
            None => {
                writeln!(
                    out,
                    "{}. Suite {}, seed {}, flags: {flags}.",
                    self.counts.line(),
                    self.suite_version,
                    self.seed
                )?;
            }
        }
        if let Some(command) = &self.server_command {
            writeln!(out, "\nServer: `{}`.", code(command))?;
        }
        if let Some(reason) = &self.ended_early {
            writeln!(out, "\n**The run ended early {reason}.**")?;
        }
        let notable = |verdict: &Verdict| !matches!(verdict, Verdict::Pass | Verdict::Skipped { .. });
        for case in self.cases.iter().filter(|case| notable(&case.verdict)) {
            writeln!(out, "\n## {} {}: {}\n", case.id, case.verdict.label(), cell(&case.title))?;
            if let Some(reason) = case.verdict.reason() {
                writeln!(out, "{reason}\n")?;
            }
            writeln!(out, "Sends {}; expects {} ({}).\n", case.sends, case.expects, case.reference)?;
            for finding in case.findings.iter().filter(|finding| finding.verdict != Verdict::Pass) {
                writeln!(
                    out,
                    "- {}: expected `{}`, saw `{}`",
                    finding.about,
                    code(&finding.expected),
                    code(&finding.seen)
                )?;
            }
            if let Some(curl) = self.curl(case) {
                writeln!(out, "\n```sh\n{curl}\n```")?;
            }
        }
        for family in self.families() {
            writeln!(
                out,
                "\n## {}\n\n| case | level | verdict | what holds |\n|---|---|---|---|",
                family_name(family)
            )?;
            for case in self.cases.iter().filter(|case| case.family() == family) {
                let verdict = match case.verdict.reason() {
                    Some(reason) => format!("{}: {}", case.verdict.label(), cell(reason)),
                    None => case.verdict.label().to_owned(),
                };
                writeln!(out, "| {} | {} | {verdict} | {} |", case.id, case.level.label(), cell(&case.title))?;
            }
        }
        Ok(())
    }
}

/// Text that stays within a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// Text between backticks.
fn code(text: &str) -> String {
    text.replace('`', "'").replace('\n', " ")
}
