//! `rehearsal compare`: what changed between two runs, beyond chance.

use std::{fs, path::Path};

use anyhow::Context;
use rehearsal::load::{
    compare::{ComparisonReport, compare, to_junit, to_markdown, to_text},
    report::Recording,
};

use super::report::input::Input;
use crate::{
    args::{CompareArgs, Format},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &CompareArgs) -> anyhow::Result<Exit> {
    let (baseline, candidate) = (runs(&args.baseline)?, runs(&args.candidate)?);
    let report = compare(&baseline, &candidate, &args.fail_on, args.seed);
    for warning in &report.warnings {
        render::warning(warning);
    }
    match args.format {
        Format::Text => render::result(to_text(&report)),
        Format::Json => render::result(serde_json::to_string_pretty(&report).context("comparison as JSON")?),
    }
    write(args, &report)?;
    let failures: Vec<String> = report.failures().map(|failure| failure.threshold.clone()).collect();
    if failures.is_empty() {
        return Ok(Exit::Ok);
    }
    render::note(format_args!("regressed: {}", failures.join(", ")));
    Ok(Exit::NotMet)
}

fn write(args: &CompareArgs, report: &ComparisonReport) -> anyhow::Result<()> {
    let fill = |path: &Path, text: String| {
        fs::write(path, text).map_err(|error| Expected::usage(format!("output file `{}`: {error}", path.display())))
    };
    if let Some(path) = &args.junit {
        fill(path, to_junit(report).context("comparison as JUnit")?)?;
    }
    if let Some(path) = &args.markdown {
        fill(path, to_markdown(report))?;
    }
    Ok(())
}

/// The runs of one side: a file, or every log in a folder.
fn runs(path: &Path) -> anyhow::Result<Vec<Recording>> {
    if !path.is_dir() {
        return Ok(vec![run_of(path)?]);
    }
    let unreadable = |error: std::io::Error| Expected::usage(format!("folder `{}`: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "jsonl" || extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Expected::usage(format!(
            "folder `{}` holds no .jsonl or .json file; write logs into it with `bench --jsonl`",
            path.display()
        ))
        .into());
    }
    files.iter().map(|file| run_of(file)).collect()
}

fn run_of(path: &Path) -> anyhow::Result<Recording> {
    match Input::read(path)? {
        Input::Recording(recording) => Ok(*recording),
        Input::Exploration(_) | Input::Native(_) | Input::Seed(_) => Err(Expected::usage(format!(
            "`{}` is a finished report, and a comparison needs the single requests; give the log that `bench --jsonl` wrote",
            path.display()
        ))
        .into()),
    }
}
