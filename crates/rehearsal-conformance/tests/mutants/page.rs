//! `docs/conformance/mutants.md`: each mutant and the first case that caught it.

use std::{fmt::Write, fs, path::PathBuf};

use rehearsal_conformance::Verdict;
use rehearsal_fake::Mutant;

const HEAD: &str = "\
# Mutants

The fake can have one known fault at a time (`rehearsal serve --mutant ID`, `rehearsal check --fake --mutant ID`). Each of them is caught: the
case below, the first in the suite's order, passes without the fault and ends so with it, on a server of that version with those flags.
A number alone is an issue of vLLM.

Written by `MUTANTS_UPDATE=1 cargo test -p rehearsal-conformance --test mutants`; the test fails when a mutant survives or this page is out
of date.

| mutant | what is wrong | seen in | on | caught by | verdict |
|---|---|---|---|---|---|
";

/// The page, or what a run makes of it.
#[derive(Default)]
pub(crate) struct Page {
    lines: Vec<String>,
}

impl Page {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(path()).unwrap_or_default();
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        Self { lines: rows.map(str::to_owned).collect() }
    }

    pub(crate) fn write(&self) {
        let mut text = HEAD.to_owned();
        for line in &self.lines {
            writeln!(text, "{line}").expect("a string takes all");
        }
        fs::write(path(), text).expect("the page is written");
    }

    /// Adds a mutant's line; one that survives has no case.
    pub(crate) fn add(&mut self, mutant: Mutant, caught: Option<(String, Verdict)>) {
        let flags = mutant.setting().flags();
        let on =
            if flags.is_empty() { mutant.version().to_owned() } else { format!("{}, `{flags}`", mutant.version()) };
        let (case, verdict) = caught.map_or(("none".to_owned(), "survives"), |(case, verdict)| (case, verdict.label()));
        let upstream = mutant.upstream().unwrap_or("made for the suite");
        self.lines.push(format!("| `{}` | {} | {upstream} | {on} | {case} | {verdict} |", mutant.id(), mutant.fault()));
    }

    /// The case that caught a mutant, by the page.
    pub(crate) fn case_of(&self, id: &str) -> Option<&str> {
        let line = self.lines.iter().find(|line| line.starts_with(&format!("| `{id}` |")))?;
        line.split(" | ").nth(4).filter(|case| *case != "none")
    }

    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance/mutants.md")
}
