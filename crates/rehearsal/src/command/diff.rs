//! `rehearsal diff`: what changed between two recordings of `rehearsal check`.

use std::fs;

use anyhow::Context;
use rehearsal::conformance::{Comparison, diff, to_html};

use super::recording;
use crate::{
    args::{DiffArgs, Format},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let (before, after) = (recording::read(&args.before)?, recording::read(&args.after)?);
    let comparison = diff(&before, &after).map_err(Expected::usage)?;
    print(&comparison, args.format)?;
    if let Some(path) = &args.html {
        fs::write(path, to_html(&[before, after]))
            .map_err(|error| Expected::usage(format!("page `{}`: {error}", path.display())))?;
    }
    Ok(Exit::Ok)
}

/// The differences on stdout.
pub(super) fn print(comparison: &Comparison, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => render::result(serde_json::to_string_pretty(comparison).context("differences as JSON")?),
        Format::Text => render::result(comparison.to_text().trim_end()),
    }
    Ok(())
}
