//! `rehearsal check`: what a server's `usage` and streams do, case by case.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use rehearsal::{
    conformance::{Check, Detail, ServerFlag, ServerProfile, Strictness, Suite, SuiteError, SuiteEvent, Target},
    fake::{FakeVllm, Pacing},
};

use super::api_key;
use crate::{
    args::{CheckArgs, Format},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let suite = suite(args)?;
    if args.list {
        render::result(match args.format {
            Format::Text => list(suite.checks()),
            Format::Json => json_list(suite.checks()).context("list as JSON")?,
        });
        return Ok(Exit::Ok);
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    let report = match &args.base_url {
        Some(base_url) => {
            let target = target(args, base_url)?;
            runtime.build().context("no runtime")?.block_on(suite.run(&target, progress()))
        }
        None => runtime.start_paused(true).build().context("no runtime")?.block_on(async {
            let server = FakeVllm::builder().pacing(Pacing::Virtual).start_in_memory().map_err(Expected::usage)?;
            let connector = server.connector();
            let target = Target::in_memory("the fake", move || std::future::ready(Ok(connector.connect())));
            anyhow::Ok(suite.run(&target, progress()).await)
        })?,
    };
    let report = report.map_err(|error| match error {
        SuiteError::Unreachable { .. } | SuiteError::Unauthorised { .. } | SuiteError::NoModel { .. } => {
            anyhow::Error::new(Expected::unreachable(error))
        }
        other => other.into(),
    })?;

    match args.format {
        Format::Text => render::result(report.to_tree(Detail::Lines).trim_end()),
        Format::Json => render::result(report.to_json()),
    }
    if let Some(reason) = &report.ended_early {
        render::warning(format!("the server was gone {reason}"));
    }
    let strictness = if args.strict { Strictness::Strict } else { Strictness::Normal };
    Ok(match &report.ended_early {
        _ if report.failed(strictness) => Exit::CheckFailed,
        Some(_) => Exit::Incomplete,
        None => Exit::Ok,
    })
}

fn suite(args: &CheckArgs) -> anyhow::Result<Suite> {
    let mut suite = Suite::standard().seed(args.seed.unwrap_or_else(seed_from_clock));
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
