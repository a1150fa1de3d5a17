//! `rehearsal page`: recordings of `rehearsal check` side by side on one HTML page.

use std::fs;

use rehearsal::conformance::{SuiteReport, to_html};

use super::recording;
use crate::{
    args::PageArgs,
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &PageArgs) -> anyhow::Result<Exit> {
    let reports: Vec<SuiteReport> =
        args.recordings.iter().map(|path| recording::read(path)).collect::<anyhow::Result<_>>()?;
    let page = args.output.display();
    fs::write(&args.output, to_html(&reports)).map_err(|error| Expected::usage(format!("page `{page}`: {error}")))?;
    render::note(format!("{page}: {} column(s)", reports.len()));
    Ok(Exit::Ok)
}
