//! The files a run writes.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::Timestamp;
use rehearsal_load::{JsonlLog, Outcome};

use crate::{args::BenchArgs, exit::Expected};

/// Output files, open for writing.
pub(super) struct Outputs {
    seed: Option<(PathBuf, File)>,
    report: Option<(PathBuf, File)>,
    jsonl: Option<File>,
    /// On the calendar, for exports; nothing is measured with it.
    begins: Timestamp,
}

impl Outputs {
    /// Creates every file that is asked for.
    pub(super) fn open(args: &BenchArgs) -> anyhow::Result<Self> {
        let with_path = |path: &PathBuf| create(path).map(|file| (path.clone(), file));
        Ok(Self {
            seed: args.out.as_ref().map(with_path).transpose()?,
            report: args.report.as_ref().map(with_path).transpose()?,
            jsonl: args.jsonl.as_deref().map(create).transpose()?,
            begins: args.sharing.start_at.unwrap_or_else(Timestamp::now),
        })
    }

    /// The log of requests.
    pub(super) fn jsonl(&self) -> anyhow::Result<Option<JsonlLog<File>>> {
        let since_1970 = self.begins.duration_since(Timestamp::UNIX_EPOCH).try_into().unwrap_or_default();
        self.jsonl
            .as_ref()
            .map(|file| file.try_clone().map(|file| JsonlLog::new(file).dated(since_1970)).context("request log"))
            .transpose()
    }

    /// Writes the result files.
    pub(super) fn write(self, outcome: &Outcome) -> anyhow::Result<()> {
        if let Some((path, file)) = self.seed {
            fill(&path, file, &outcome.seed_report().to_json())?;
        }
        if let Some((path, file)) = self.report {
            fill(&path, file, &serde_json::to_string_pretty(&outcome.report).context("report as JSON")?)?;
        }
        Ok(())
    }
}

/// The report's file alone, open for writing.
pub(super) fn open_report(args: &BenchArgs) -> anyhow::Result<Option<(PathBuf, File)>> {
    args.report.as_ref().map(|path| create(path).map(|file| (path.clone(), file))).transpose()
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).map_err(|error| Expected::usage(format!("output file `{}`: {error}", path.display())).into())
}

pub(super) fn fill(path: &Path, file: File, text: &str) -> anyhow::Result<()> {
    let mut writer = BufWriter::new(file);
    writeln!(writer, "{text}").and_then(|()| writer.flush()).with_context(|| format!("writing `{}`", path.display()))
}
