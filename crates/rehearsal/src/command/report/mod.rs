//! `rehearsal report`: a run that is over, looked at again.

pub(super) mod input;
mod side_by_side;

use std::fs;

use anyhow::Context;
use rehearsal::load::{
    Report,
    report::{ExportFormat, Tool, ToolFigures, recompute},
};

use self::input::Input;
use super::bench::summary;
use crate::{
    args::{Export, Format, ReportArgs},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let input = Input::read(&args.input)?;
    let mut tools: Vec<Tool> = Vec::new();
    for tool in args.tools.iter().flat_map(|tools| &tools.0) {
        if !tools.contains(tool) {
            tools.push(*tool);
        }
    }
    export(args, &input)?;
    if tools.is_empty() {
        if !args.export.is_empty() || args.html.is_some() {
            return Ok(Exit::Ok);
        }
        return summarise(&input, args.format, args.price_per_hour);
    }

    let Input::Recording(recording) = &input else {
        return Err(Expected::usage(format!(
            "`{}` is a finished report, and --as computes from requests; give the log that `bench --jsonl` wrote",
            args.input.display()
        ))
        .into());
    };
    let report = recording.report();
    for warning in &report.warnings {
        render::warning(warning);
    }
    let figures: Vec<ToolFigures> =
        tools.iter().map(|tool| recompute(*tool, &recording.requests, recording.window)).collect();
    match args.format {
        Format::Json => render::result(serde_json::to_string_pretty(&figures).context("figures as JSON")?),
        Format::Text => render::result(side_by_side::text(&figures)),
    }
    Ok(verdict(&report))
}

/// Writes every file that was asked for.
fn export(args: &ReportArgs, input: &Input) -> anyhow::Result<()> {
    let page = args.html.as_ref().map(|path| Export { format: ExportFormat::Html, path: path.clone() });
    for Export { format, path } in args.export.iter().chain(&page) {
        let text = match input {
            Input::Recording(recording) => recording.export(*format),
            Input::Native(_) | Input::Seed(_) => {
                return Err(Expected::usage(format!(
                    "`{}` is a finished report, and {format} is written from requests; give the log that `bench --jsonl` \
                     wrote",
                    args.input.display()
                ))
                .into());
            }
        };
        fs::write(path, text).map_err(|error| Expected::usage(format!("output file `{}`: {error}", path.display())))?;
    }
    Ok(())
}

pub(super) fn summarise(input: &Input, format: Format, usd_per_hour: Option<f64>) -> anyhow::Result<Exit> {
    let report = match input {
        Input::Recording(recording) => recording.report(),
        Input::Native(report) => Report::clone(report),
        Input::Seed(seed) => {
            render::result(seed.to_json());
            return Ok(Exit::Ok);
        }
    };
    let report = &match usd_per_hour {
        Some(price) => report.with_price(price),
        None => report,
    };
    for warning in &report.warnings {
        render::warning(warning);
    }
    match format {
        Format::Json => render::result(serde_json::to_string_pretty(report).context("report as JSON")?),
        Format::Text => render::result(summary::text(report)),
    }
    Ok(verdict(report))
}

fn verdict(report: &Report) -> Exit {
    if report.is_incomplete() { Exit::Incomplete } else { Exit::Ok }
}
