//! `rehearsal check`: what a server's `usage` and streams do, case by case.

use std::{
    ffi::OsStr,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use rehearsal::conformance::{Detail, Properties, Strictness, Suite, SuiteReport, to_html};

use super::{client, diff, mutants, recording, suite_run};
use crate::{
    args::{CheckArgs, Format},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    if args.list_mutants {
        render::result(mutants::list(args.format)?);
        return Ok(Exit::Ok);
    }
    if args.clients.is_asked_for() {
        return check_client(args);
    }
    let earlier = args.against.as_deref().map(recording::read).transpose()?;
    let seed = earlier.as_ref().map(|report| report.seed);
    let suite = suite_run::suite(&args.suite, seed, (args.properties || args.list).then(|| properties(args)))?;
    if args.list {
        render::result(match args.format {
            Format::Text => list(&suite),
            Format::Json => json_list(&suite).context("list as JSON")?,
        });
        return Ok(Exit::Ok);
    }
    let outputs = args.output.iter().map(Output::create).collect::<anyhow::Result<Vec<_>>>()?;
    let report = suite_run::run(&args.suite, &suite)?;

    let strictness = if args.strict { Strictness::Strict } else { Strictness::Normal };
    match (args.format, &earlier) {
        (Format::Text, _) => render::result(report.to_tree(Detail::Lines).trim_end()),
        (Format::Json, None) => render::result(report.to_json()),
        (Format::Json, Some(_)) => {}
    }
    for output in outputs {
        output.write(&report, strictness)?;
    }
    if let Some(earlier) = &earlier {
        diff::print(&rehearsal::conformance::diff(earlier, &report).map_err(Expected::usage)?, args.format)?;
    }
    Ok(match &report.ended_early {
        _ if report.failed(strictness) => Exit::CheckFailed,
        Some(_) => Exit::Incomplete,
        None => Exit::Ok,
    })
}

/// A client as the target.
fn check_client(args: &CheckArgs) -> anyhow::Result<Exit> {
    let outputs = args.output.iter().map(Output::create).collect::<anyhow::Result<Vec<_>>>()?;
    let report = client::run(args)?;
    render::result(match args.format {
        Format::Text => report.to_tree(Detail::Figures).trim_end().to_owned(),
        Format::Json => report.to_json(),
    });
    for output in outputs {
        output.write(&report, Strictness::Normal)?;
    }
    let judged = report.cases.len() - report.counts.inconclusive;
    Ok(match &report.ended_early {
        _ if report.failed(Strictness::Normal) => Exit::CheckFailed,
        None if 0 < judged => Exit::Ok,
        _ => Exit::Incomplete,
    })
}

/// A file that the report is written to, as its name says.
struct Output<'a> {
    path: &'a Path,
    file: File,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Junit,
    Markdown,
    Html,
}

impl<'a> Output<'a> {
    fn create(path: &'a PathBuf) -> anyhow::Result<Self> {
        let wrong = |reason: String| Expected::usage(format!("output file `{}`: {reason}", path.display()));
        let form = match path.extension().and_then(OsStr::to_str) {
            _ if recording::is_named(path) => Form::Json,
            Some("xml") => Form::Junit,
            Some("md") => Form::Markdown,
            Some("html" | "htm") => Form::Html,
            _ => return Err(wrong("name it .json, .json.gz, .xml (JUnit), .md or .html".to_owned()).into()),
        };
        let file = File::create(path).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { path, file, form })
    }

    fn write(mut self, report: &SuiteReport, strictness: Strictness) -> anyhow::Result<()> {
        let text = match self.form {
            Form::Json => return recording::write(report, self.file, self.path),
            Form::Junit => report.to_junit(strictness),
            Form::Markdown => report.to_markdown(),
            Form::Html => to_html(std::slice::from_ref(report)),
        };
        writeln!(self.file, "{}", text.trim_end()).with_context(|| format!("writing `{}`", self.path.display()))
    }
}

fn properties(args: &CheckArgs) -> Properties {
    let mut properties = Properties::standard();
    if let Some(requests) = args.requests.or(args.suite.fake.then_some(REQUESTS_OF_THE_FAKE)) {
        properties = properties.requests(requests);
    }
    match args.suite.budget {
        Some(budget) if !args.suite.fake => properties.time(budget),
        _ => properties,
    }
}

/// The fake's time is virtual and hardly passes: there the number of requests is the limit.
const REQUESTS_OF_THE_FAKE: u64 = 500;

fn list(suite: &Suite) -> String {
    suite.titles().map(|(id, title)| format!("{id:<6}{title}")).collect::<Vec<_>>().join("\n")
}

fn json_list(suite: &Suite) -> serde_json::Result<String> {
    let list: Vec<_> = suite.titles().map(|(id, title)| serde_json::json!({"id": id, "title": title})).collect();
    serde_json::to_string_pretty(&list)
}
