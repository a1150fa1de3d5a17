//! `rehearsal check`: what a server's `usage` and streams do, case by case.

use std::{
    ffi::OsStr,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use rehearsal::{
    conformance::{
        Check, Detail, ServerFlag, ServerProfile, Strictness, Suite, SuiteError, SuiteEvent, SuiteReport, Target,
        to_html,
    },
    fake::{FakeVllm, Pacing},
};
use tokio::time::Instant;

use super::{api_key, diff, interrupt};
use crate::{
    args::{CheckArgs, Format},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let earlier = args.against.as_deref().map(diff::read).transpose()?;
    let suite = suite(args, earlier.as_ref().map(|report| report.seed))?;
    if args.list {
        render::result(match args.format {
            Format::Text => list(suite.checks()),
            Format::Json => json_list(suite.checks()).context("list as JSON")?,
        });
        return Ok(Exit::Ok);
    }
    let outputs = args.output.iter().map(Output::create).collect::<anyhow::Result<Vec<_>>>()?;
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    let report = match &args.base_url {
        Some(base_url) => {
            let target = target(args, base_url)?;
            let run = suite.run_until(&target, progress(), stop(args.budget));
            runtime.build().context("no runtime")?.block_on(run)
        }
        None => runtime.start_paused(true).build().context("no runtime")?.block_on(async {
            let version = args.vllm_version.parse().map_err(Expected::usage)?;
            let builder = FakeVllm::builder().vllm_version(version).pacing(Pacing::Virtual);
            let server = builder.start_in_memory().map_err(Expected::usage)?;
            let connector = server.connector();
            let target = Target::in_memory("the fake", move || std::future::ready(Ok(connector.connect())));
            anyhow::Ok(suite.run(&target, progress()).await)
        })?,
    };
    let mut report = report.map_err(|error| match error {
        SuiteError::Unreachable { .. } | SuiteError::Unauthorised { .. } | SuiteError::NoModel { .. } => {
            anyhow::Error::new(Expected::unreachable(error))
        }
        other => other.into(),
    })?;
    report.recorded_at = Some(jiff::Timestamp::now().to_string());

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
    if let Some(reason) = &report.ended_early {
        render::warning(format!("the run ended early, {reason}"));
    }
    Ok(match &report.ended_early {
        _ if report.failed(strictness) => Exit::CheckFailed,
        Some(_) => Exit::Incomplete,
        None => Exit::Ok,
    })
}

/// Ends when the user wants the run to end, or its time is up.
async fn stop(budget: Option<Duration>) -> String {
    let time_is_up = async {
        match budget {
            Some(budget) => tokio::time::sleep_until(Instant::now() + budget).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = interrupt::requested() => "interrupted".to_owned(),
        () = time_is_up => "the budget of time is used up".to_owned(),
    }
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
            Some("json") => Form::Json,
            Some("xml") => Form::Junit,
            Some("md") => Form::Markdown,
            Some("html" | "htm") => Form::Html,
            _ => return Err(wrong("name it .json, .xml (JUnit), .md or .html".to_owned()).into()),
        };
        let file = File::create(path).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { path, file, form })
    }

    fn write(mut self, report: &SuiteReport, strictness: Strictness) -> anyhow::Result<()> {
        let text = match self.form {
            Form::Json => report.to_json(),
            Form::Junit => report.to_junit(strictness),
            Form::Markdown => report.to_markdown(),
            Form::Html => to_html(std::slice::from_ref(report)),
        };
        writeln!(self.file, "{}", text.trim_end()).with_context(|| format!("writing `{}`", self.path.display()))
    }
}

fn suite(args: &CheckArgs, seed_of_earlier: Option<u64>) -> anyhow::Result<Suite> {
    let mut suite = Suite::standard().seed(args.seed.or(seed_of_earlier).unwrap_or_else(seed_from_clock));
    if !args.filter.is_empty() {
        suite = suite.retain(|check| args.filter.iter().any(|prefix| check.id.starts_with(prefix.as_str())));
        if suite.checks().len() == 0 {
            let filter = args.filter.join(", ");
            return Err(Expected::usage(format!(
                "no case has an id that begins with {filter}; `rehearsal check --list` lists them"
            ))
            .into());
        }
    }
    if args.profile != "auto" {
        suite = suite.profile(args.profile.parse::<ServerProfile>().map_err(Expected::usage)?);
    }
    Ok(suite)
}

fn target(args: &CheckArgs, base_url: &str) -> anyhow::Result<Target> {
    let mut target = Target::url(base_url).map_err(Expected::usage)?.timeout(args.timeout);
    if let Some(key) = api_key::read(args.api_key_file.as_deref())? {
        target = target.api_key(key);
    }
    for name in &args.started_with {
        let label = format!("--{}", name.trim_start_matches('-'));
        let flag = ServerFlag::ALL.into_iter().find(|flag| flag.label() == label).ok_or_else(|| {
            let known = ServerFlag::ALL.map(ServerFlag::label).join(", ");
            Expected::usage(format!("`{name}` is no flag that a case depends on; those are {known}"))
        })?;
        target = target.started_with(flag);
    }
    Ok(target)
}

/// Another seed each time: a prefix cache then knows nothing of earlier runs.
fn seed_from_clock() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the binary reads the wall clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn progress() -> impl FnMut(&SuiteEvent<'_>) + Send {
    let (mut done, mut all) = (0_usize, 0_usize);
    move |event| match event {
        SuiteEvent::Surveyed { facts, detection, cases } => {
            all = *cases;
            render::note(format!("{}, held to {}, {all} cases", facts.model, detection.profile));
        }
        SuiteEvent::CaseFinished { case } => {
            done += 1;
            render::note(format!("{done:>4}/{all} {}", case.id));
        }
        _ => {}
    }
}

fn list<'c>(checks: impl Iterator<Item = &'c Check>) -> String {
    checks.map(|check| format!("{:<6}{}", check.id, check.title)).collect::<Vec<_>>().join("\n")
}

fn json_list<'c>(checks: impl Iterator<Item = &'c Check>) -> serde_json::Result<String> {
    let list: Vec<_> = checks.map(|check| serde_json::json!({"id": check.id, "title": check.title})).collect();
    serde_json::to_string_pretty(&list)
}
