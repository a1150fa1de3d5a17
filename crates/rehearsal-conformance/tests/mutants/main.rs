//! Each mutant of the fake is caught: some case that passes without it ends in FAIL or NON-STRICT with it.
//!
//! `docs/conformance/mutants.md` names the first such case of each, and the test runs that one, with the mutant and without. A mutant that
//! the page does not have, or whose case no longer catches it, fails the test. `MUTANTS_UPDATE=1` runs the suite up to the first case that
//! catches each mutant and writes the page anew; `MUTANTS="cached"` only those whose id holds this word, and prints what the cases found.

#[path = "../versions/setups.rs"]
mod setups;

mod page;

use rehearsal_conformance::{Check, Detail, ServerFlag, Suite, SuiteEvent, SuiteReport, Target, Verdict};
use rehearsal_fake::{FakeVllm, Mutant, MutantSetting, Pacing};

use page::Page;
use setups::{KEY, SETUPS, Setup, builder};

/// The issue asks for so many.
const AT_LEAST: usize = 45;

/// The setup whose flags the mutant needs.
fn setup(mutant: Mutant) -> &'static Setup {
    let name = match mutant.setting() {
        MutantSetting::Plain => "no flags",
        MutantSetting::ForceIncludeUsage => "force",
        MutantSetting::PromptTokensDetails => "details",
        MutantSetting::Tools => "tools and reasoning",
        MutantSetting::StreamInterval => "speculation, as far as answers show it",
        other => panic!("no setup for {other:?}"),
    };
    let setup = SETUPS.iter().find(|setup| setup.name == name).expect("setups are found by their names");
    assert!(!setup.without.contains(&mutant.version()), "{mutant:?}: its version does not have its flags");
    setup
}

/// A server on the mutant's own stage, with it or without, and how it is reached. The server lives as long as the first.
fn start(stage: Mutant, switched_on: bool) -> (FakeVllm, Target) {
    let setup = setup(stage);
    let mut builder = builder(setup, stage.version());
    if switched_on {
        builder = builder.mutant(stage);
    }
    let fake = builder.pacing(Pacing::Virtual).start_in_memory().expect("the setup is sound");
    let connector = fake.connector();
    let mut target = Target::in_memory(setup.name, move || std::future::ready(Ok(connector.connect())));
    for flag in setup.flags {
        target = target.started_with(*flag);
    }
    if setup.flags.contains(&ServerFlag::ApiKey) {
        target = target.api_key(KEY);
    }
    (fake, target)
}

/// Runs the cases that `keep` chooses.
async fn run(stage: Mutant, switched_on: bool, keep: impl Fn(&Check) -> bool) -> SuiteReport {
    let (_fake, target) = start(stage, switched_on);
    let suite = Suite::standard().retain(keep);
    suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("the fake is surveyed")
}

/// Whether a strict run would fail on it.
fn is_wrong(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::NonStrict)
}

/// The first case of the suite that catches the mutant, alone too, and how; `None` when it survives.
async fn first_catch(mutant: Mutant) -> Option<(String, Verdict)> {
    let mut not_alone: Vec<String> = Vec::new();
    loop {
        let (id, verdict) = next_catch(mutant, &not_alone).await?;
        let alone = run(mutant, true, |check| check.id == id).await;
        if alone.cases.iter().any(|case| is_wrong(&case.verdict)) {
            return Some((id, verdict));
        }
        not_alone.push(id);
    }
}

/// The first case, but for some, that catches the mutant in a run, which ends with it.
async fn next_catch(mutant: Mutant, but_for: &[String]) -> Option<(String, Verdict)> {
    let (_fake, target) = start(mutant, true);
    let (caught, stop) = tokio::sync::oneshot::channel();
    let mut caught = Some(caught);
    let tell = move |event: &SuiteEvent<'_>| {
        if let SuiteEvent::CaseFinished { case } = event
            && is_wrong(&case.verdict)
            && let Some(caught) = caught.take()
        {
            let _ = caught.send(());
        }
    };
    let stop = async {
        match stop.await {
            Ok(()) => "caught".to_owned(),
            Err(_) => std::future::pending().await,
        }
    };
    // many requests at random: slow, and no case that one would name
    let suite = Suite::standard().retain(|check| check.id != "E-34" && !but_for.iter().any(|id| id == check.id));
    let report = suite.run_until(&target, tell, stop).await.expect("the fake is surveyed");
    report.cases.into_iter().find(|case| is_wrong(&case.verdict)).map(|case| (case.id, case.verdict))
}

#[tokio::test(start_paused = true)]
async fn every_mutant_is_caught() {
    let words = setting("MUTANTS");
    let chosen = || Mutant::all().filter(|mutant| words.as_ref().is_none_or(|word| mutant.id().contains(word)));
    assert!(AT_LEAST <= Mutant::all().count());
    if let Some(word) = &words {
        for mutant in chosen() {
            let report = run(mutant, true, |check| check.id != "E-34").await;
            println!("{} ({word})\n{}", mutant.id(), report.to_tree(Detail::Findings));
        }
        return;
    }
    if setting("MUTANTS_UPDATE").is_some() {
        let mut page = Page::default();
        for mutant in chosen() {
            let caught = first_catch(mutant).await;
            println!("{:<28} {caught:?}", mutant.id());
            page.add(mutant, caught);
        }
        page.write();
    }
    let page = Page::read();
    let mut wrong = Vec::new();
    let mut again = Page::default();
    for mutant in chosen() {
        let Some(id) = page.case_of(mutant.id()) else {
            wrong.push(format!("{} is caught by no case", mutant.id()));
            continue;
        };
        let with = run(mutant, true, |check| check.id == id).await;
        let without = run(mutant, false, |check| check.id == id).await;
        let caught = with.cases.first().filter(|case| is_wrong(&case.verdict));
        if caught.is_none() || without.cases.iter().any(|case| is_wrong(&case.verdict)) {
            let trees = [with, without].map(|report| report.to_tree(Detail::Findings));
            wrong.push(format!("{} by {id}, with and without:\n{}\n{}", mutant.id(), trees[0], trees[1]));
            continue;
        }
        again.add(mutant, caught.map(|case| (case.id.clone(), case.verdict.clone())));
    }
    assert!(wrong.is_empty(), "{} mutants survive:\n{}", wrong.len(), wrong.join("\n"));
    assert!(page.says_the_same(&again), "docs/conformance/mutants.md is out of date; write it with MUTANTS_UPDATE=1");
}

/// What the one who runs the test asks of it.
#[expect(clippy::disallowed_methods, reason = "a test is asked by its environment")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
