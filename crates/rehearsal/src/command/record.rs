//! `rehearsal record`: what a server answers to the suite, kept.

use std::fs::File;

use super::{recording, suite_run};
use crate::{
    args::RecordArgs,
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &RecordArgs) -> anyhow::Result<Exit> {
    let wrong = |reason: String| Expected::usage(format!("recording `{}`: {reason}", args.file.display()));
    if !recording::is_named(&args.file) {
        return Err(wrong("name it .json or .json.gz".to_owned()).into());
    }
    let suite = suite_run::suite(&args.suite, None, None)?;
    // before an hour's run, not after it
    let file = File::create(&args.file).map_err(|error| wrong(error.to_string()))?;
    let report = suite_run::run(&args.suite, &suite)?;
    let exchanges: usize = report.cases.iter().map(|case| case.exchanges.len()).sum();
    recording::write(&report, file, &args.file)?;
    render::result(format!(
        "{}: {} of {}, seed {}: {} cases, {exchanges} exchanges",
        args.file.display(),
        report.facts.model,
        report.version(),
        report.seed,
        report.cases.len(),
    ));
    Ok(if report.ended_early.is_some() { Exit::Incomplete } else { Exit::Ok })
}
