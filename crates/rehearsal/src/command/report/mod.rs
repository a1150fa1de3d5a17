//! `rehearsal report`: a run that is over, looked at again.

pub(super) mod input;
mod side_by_side;

use std::fs;

use anyhow::Context;
use rehearsal::load::{
    Report,
    report::{ExportFormat, Tool, ToolFigures, exploration_to_html, recompute},
    search::{Slo, SloOutcome},
};

use self::input::Input;
use super::bench::{slo_line, summary, table};
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
        let asked = Asked { price_per_hour: args.price_per_hour, slos: &args.slo };
        return summarise(&input, args.format, &asked);
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
            Input::Exploration(runs) if *format == ExportFormat::Html => exploration_to_html(runs),
            Input::Exploration(_) | Input::Native(_) | Input::Seed(_) => {
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

/// What is added to a report.
#[derive(Default)]
pub(super) struct Asked<'a> {
    price_per_hour: Option<f64>,
    slos: &'a [Slo],
}

pub(super) fn summarise(input: &Input, format: Format, asked: &Asked<'_>) -> anyhow::Result<Exit> {
    let report = match input {
        Input::Recording(recording) => recording.report().with_goodput(asked.slos, &recording.requests),
        _ if !asked.slos.is_empty() => {
            let message = "--slo is judged request by request; give the log that `bench --jsonl` wrote";
            return Err(Expected::usage(message).into());
        }
        Input::Native(report) => Report::clone(report),
        Input::Exploration(runs) => {
            match format {
                Format::Json => render::result(serde_json::to_string_pretty(runs).context("runs as JSON")?),
                Format::Text => render::result(table::exploration(runs)),
            }
            return Ok(Exit::Ok);
        }
        Input::Seed(seed) => {
            render::result(seed.to_json());
            return Ok(Exit::Ok);
        }
    };
    let report = &match asked.price_per_hour {
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
    let slos = report.goodput.iter().flat_map(|goodput| &goodput.slos);
    let missed =
        slos.filter(|slo| slo.outcome == SloOutcome::Missed).inspect(|slo| render::warning(slo_line(slo))).count();
    match (report.is_incomplete(), missed) {
        (true, _) => Exit::Incomplete,
        (false, 0) => Exit::Ok,
        (false, _) => Exit::NotMet,
    }
}
