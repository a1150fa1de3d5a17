//! A run of the suite, as `check` and `record` have it done.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use rehearsal::{
    conformance::{Properties, ServerFlag, ServerProfile, Suite, SuiteError, SuiteEvent, SuiteReport, Target},
    fake::{FakeVllm, FrontendOptions, Mutant, Pacing},
};
use tokio::time::Instant;

use super::{api_key, interrupt, mutants};
use crate::{args::SuiteArgs, exit::Expected, render};

/// The version that the fake answers as unless told otherwise.
const DEFAULT_VERSION: &str = "0.13.0";

/// The selected cases, and laws where there are `properties`; `seed` is taken where the arguments name none.
pub(super) fn suite(args: &SuiteArgs, seed: Option<u64>, properties: Option<Properties>) -> anyhow::Result<Suite> {
    let mut suite = Suite::standard().seed(args.seed.or(seed).unwrap_or_else(seed_from_clock));
    if let Some(properties) = properties {
        suite = suite.properties(properties);
    }
    if !args.filter.is_empty() {
        suite = suite.select(|id| args.filter.iter().any(|prefix| id.starts_with(prefix.as_str())));
        if suite.titles().next().is_none() {
            let filter = args.filter.join(", ");
            return Err(Expected::usage(format!(
                "no case has an id that begins with {filter}; `rehearsal check --list` lists them, and the laws of --properties"
            ))
            .into());
        }
    }
    if args.destructive {
        suite = suite.destructive();
    }
    if args.profile != "auto" {
        suite = suite.profile(args.profile.parse::<ServerProfile>().map_err(Expected::usage)?);
    }
    Ok(suite)
}

/// Runs them against the server that the arguments name, or the fake.
pub(super) fn run(args: &SuiteArgs, suite: &Suite) -> anyhow::Result<SuiteReport> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all();
    let report = match &args.base_url {
        Some(base_url) => {
            let target = target(args, base_url)?;
            let run = suite.run_until(&target, progress(), stop(args.budget));
            runtime.build().context("no runtime")?.block_on(run)
        }
        None => runtime.start_paused(true).build().context("no runtime")?.block_on(async {
            let mutant = args.mutant.as_deref().map(mutants::find).transpose()?;
            let version = args.vllm_version.as_deref().or(mutant.map(Mutant::version)).unwrap_or(DEFAULT_VERSION);
            let version = version.parse().map_err(Expected::usage)?;
            let mut builder = FakeVllm::builder().vllm_version(version).pacing(Pacing::Virtual);
            if let Some(mutant) = mutant {
                let mut options = FrontendOptions::for_model("rehearsal");
                mutant.setting().apply(&mut options);
                let flags = mutant.setting().flags();
                render::note(format!(
                    "mutant {}: {}{}{flags}",
                    mutant.id(),
                    mutant.fault(),
                    if flags.is_empty() { "" } else { ", with " }
                ));
                builder = builder.frontend(options).mutant(mutant);
                if let Some(text) = mutant.setting().text() {
                    builder = builder.text(text);
                }
            }
            let server = builder.start_in_memory().map_err(Expected::usage)?;
            let connector = server.connector();
            let mut target = Target::in_memory("the fake", move || std::future::ready(Ok(connector.connect())));
            for flag in flags_of(mutant.map_or("", |mutant| mutant.setting().flags())) {
                target = target.started_with(flag);
            }
            anyhow::Ok(suite.run(&target, progress()).await)
        })?,
    };
    let mut report = report.map_err(|error| match error {
        SuiteError::Unreachable { .. }
        | SuiteError::Untrusted { .. }
        | SuiteError::Unauthorised { .. }
        | SuiteError::NoModel { .. } => anyhow::Error::new(Expected::unreachable(error)),
        SuiteError::Stopped { .. } => Expected::incomplete(error).into(),
        other => other.into(),
    })?;
    report.recorded_at = Some(jiff::Timestamp::now().to_string());
    report.server_command.clone_from(&args.server_command);
    if let Some(reason) = &report.ended_early {
        render::warning(format!("the run ended early, {reason}"));
    }
    Ok(report)
}

fn target(args: &SuiteArgs, base_url: &str) -> anyhow::Result<Target> {
    let mut target = Target::url(base_url).map_err(Expected::usage)?.timeout(args.timeout);
    if let Some(key) = api_key::read(args.api_key_file.as_deref())? {
        target = target.api_key(key);
    }
    for flag in flags_of(args.server_command.as_deref().unwrap_or_default()) {
        target = target.started_with(flag);
    }
    for name in &args.started_with {
        let flag = flag(name).ok_or_else(|| {
            let known = ServerFlag::ALL.map(ServerFlag::label).join(", ");
            Expected::usage(format!("`{name}` is no flag that a case depends on; those are {known}"))
        })?;
        target = target.started_with(flag);
    }
    Ok(target)
}

/// The flags of a command line that a case depends on; all others are only kept.
fn flags_of(command: &str) -> impl Iterator<Item = ServerFlag> {
    let words: Vec<&str> = command.split(|c: char| c.is_whitespace() || c == '=').collect();
    (0..words.len()).filter_map(move |at| {
        let flag = words[at].starts_with("--").then(|| flag(words[at])).flatten()?;
        // vLLM's own defaults, and the model's file, which need not limit anything
        let no_limit = flag == ServerFlag::GenerationConfig && matches!(words.get(at + 1), Some(&("vllm" | "auto")));
        (!no_limit).then_some(flag)
    })
}

fn flag(name: &str) -> Option<ServerFlag> {
    let label = format!("--{}", name.trim_start_matches('-').replace('_', "-"));
    ServerFlag::ALL.into_iter().find(|flag| flag.label() == label)
}

/// Ends when the user wants the run to end, or its time is up.
pub(super) async fn stop(budget: Option<Duration>) -> String {
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
            render::note(format!("{}, held to {}, {all} cases and laws", facts.model, detection.profile));
        }
        SuiteEvent::CaseFinished { case } => {
            done += 1;
            render::note(format!("{done:>4}/{all} {}", case.id));
        }
        SuiteEvent::RequestTried { requests } if requests % 100 == 0 => {
            render::note(format!("{requests:>9} generated requests"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_of_a_command_line_that_a_case_depends_on_are_found_in_it() {
        let command =
            "vllm serve m --max-num-seqs 4 --enable_prompt_tokens_details --reasoning-parser=qwen3 --api-key k";
        assert_eq!(
            flags_of(command).collect::<Vec<_>>(),
            [ServerFlag::EnablePromptTokensDetails, ServerFlag::ReasoningParser, ServerFlag::ApiKey]
        );
        assert_eq!(flags_of("vllm serve m --generation-config vllm").count(), 0);
        assert_eq!(
            flags_of("vllm serve m --generation-config=folder").collect::<Vec<_>>(),
            [ServerFlag::GenerationConfig]
        );
    }
}
