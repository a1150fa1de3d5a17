//! `docs/wire-gaps.md`: what does not match, and the table of what does.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

/// How the cases of one recording came out.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) same: usize,
    pub(crate) leading: usize,
    /// Of the same, those whose text was not compared because it was drawn without a seed.
    pub(crate) drawn: usize,
    pub(crate) different: Vec<String>,
}

/// The reasons by recording and case.
#[derive(Debug, Default)]
pub(crate) struct Gaps(BTreeMap<String, BTreeMap<String, String>>);

/// What stands for a reason that nobody has written yet.
const NO_REASON: &str = "not looked into";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/wire-gaps.md")
}

impl Gaps {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(path()).unwrap_or_default();
        let mut gaps: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut section = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("## ") {
                section = Some(name.to_owned());
            }
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            if let (Some(name), [case, reason]) = (&section, cells.as_slice())
                && case.contains('/')
            {
                gaps.entry(name.clone()).or_default().insert((*case).to_owned(), (*reason).to_owned());
            }
        }
        Self(gaps)
    }

    /// Whether a report, which starts with recording and case, is on the list.
    pub(crate) fn lists(&self, report: &str) -> bool {
        let mut words = report.split_whitespace();
        let (Some(recording), Some(case)) = (words.next(), words.next()) else { return false };
        self.0.get(recording).is_some_and(|cases| cases.contains_key(case.trim_end_matches(':')))
    }

    /// Listed cases that are right.
    pub(crate) fn no_longer(&self, tallies: &[(&str, Tally)]) -> Vec<String> {
        let wrong = |recording: &str, case: &String| {
            tallies.iter().any(|(name, tally)| *name == recording && tally.different.contains(case))
        };
        self.0
            .iter()
            .flat_map(|(recording, cases)| cases.keys().map(move |case| (recording, case)))
            .filter(|(recording, case)| !wrong(recording, case))
            .map(|(recording, case)| format!("{recording} {case}"))
            .collect()
    }

    /// The list as it is now; reasons already written are kept.
    pub(crate) fn updated(&self, tallies: &[(&str, Tally)]) -> Self {
        let reason = |recording: &str, case: &String| {
            let written = self.0.get(recording).and_then(|cases| cases.get(case));
            written.cloned().unwrap_or_else(|| NO_REASON.to_owned())
        };
        let section = |(name, tally): &(&str, Tally)| {
            let cases = tally.different.iter().map(|case| (case.clone(), reason(name, case))).collect();
            ((*name).to_owned(), cases)
        };
        Self(tallies.iter().filter(|(_, tally)| !tally.different.is_empty()).map(section).collect())
    }

    pub(crate) fn write(&self, tallies: &[(&str, Tally)]) {
        let mut text = String::from(INTRODUCTION);
        text.push_str(&table(tallies));
        for (recording, cases) in &self.0 {
            let _ = write!(text, "\n## {recording}\n\n| case | why it differs |\n|---|---|\n");
            for (case, reason) in cases {
                let _ = writeln!(text, "| {case} | {reason} |");
            }
        }
        fs::write(path(), text).expect("docs is writable");
    }
}

const INTRODUCTION: &str = "# Where the fake's answers differ from the recorded ones

Written by `REPLAY_UPDATE=1 cargo test -p rehearsal-fake --test replay`; the reasons are kept by hand. The test fails when a case
differs that is not listed here, and when a listed one matches.

";

/// How many cases of each recording match.
pub(crate) fn table(tallies: &[(&str, Tally)]) -> String {
    let mut text = String::from(
        "| server and flags | cases | same | text drawn | leading sentence only | different | share |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, Tally { same, leading, drawn, different }) in tallies {
        let cases = same + leading + different.len();
        let share = 1000 * (same + leading) / cases.max(1);
        let _ = writeln!(
            text,
            "| {name} | {cases} | {same} | {drawn} | {leading} | {} | {}.{} % |",
            different.len(),
            share / 10,
            share % 10
        );
    }
    text
}
