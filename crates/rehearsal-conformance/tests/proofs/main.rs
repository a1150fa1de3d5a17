//! Each case can fail: a faulty answer to a case's own question makes that case, and so the run, fail.
//!
//! The faults change bytes on the way from a sound server, and know nothing of the suite's reader. A case without a fault
//! in these tables fails the tests.

mod cache;
mod choices;
mod faulty;
mod framing;
mod limits_and_errors;
mod stream;
mod usage;

use std::{collections::BTreeSet, sync::atomic::AtomicUsize};

use rehearsal_conformance::{
    Check, Detail, Level, ServerFlag, Strictness, Suite, SuiteEvent, SuiteReport, Target, Verdict,
};
use rehearsal_fake::{FakeVllm, Pacing};
use rehearsal_load::transport::StreamTransport;

use faulty::{Asked, Fault, Faulty, Reply};

/// A fault, and the case that must notice it.
#[derive(Clone, Copy)]
struct Proof {
    case: &'static str,
    fault: &'static str,
    server: ServerKind,
    change: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ServerKind {
    Plain,
    Forced,
    Keyed,
    Details,
}

impl Proof {
    const fn new(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Plain, change }
    }

    const fn forced(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Forced, change }
    }

    const fn details(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Details, change }
    }

    const fn with_key(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Keyed, change }
    }
}

fn proofs() -> impl Iterator<Item = Proof> {
    [usage::PROOFS, stream::PROOFS, choices::PROOFS, cache::PROOFS, limits_and_errors::PROOFS, framing::PROOFS]
        .into_iter()
        .flatten()
        .copied()
}

const NO_FAULT: Fault = |_: &Asked, _: &mut Reply| {};

/// A sound server in the same process, with the flags that some cases need.
fn sound(kind: ServerKind) -> FakeVllm {
    let builder = FakeVllm::builder().pacing(Pacing::Virtual);
    let builder = match kind {
        ServerKind::Plain => builder,
        ServerKind::Forced => builder.force_include_usage(),
        ServerKind::Keyed => builder.api_key(KEY),
        ServerKind::Details => builder.prompt_tokens_details(),
    };
    builder.start_in_memory().expect("the fake's defaults are sound")
}

const KEY: &str = "sk-of-the-proofs";

async fn run(kind: ServerKind, change: Fault, keep: impl Fn(&Check) -> bool) -> SuiteReport {
    let fake = sound(kind);
    let connector = fake.connector();
    let inner = StreamTransport::new(move || std::future::ready(Ok(connector.connect())));
    let target = Target::new("http://fake", Faulty { inner, fault: change, turn: AtomicUsize::new(0) });
    let target = match kind {
        ServerKind::Plain => target,
        ServerKind::Forced => target.started_with(ServerFlag::EnableForceIncludeUsage),
        ServerKind::Keyed => target.started_with(ServerFlag::ApiKey).api_key(KEY),
        ServerKind::Details => target.started_with(ServerFlag::EnablePromptTokensDetails),
    };
    let suite = Suite::standard().retain(keep);
    suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("a sound server is surveyed")
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_noticed_by_its_case() {
    let mut unnoticed = Vec::new();
    for proof in proofs() {
        let report = run(proof.server, proof.change, |check| check.id == proof.case).await;
        let noticed = match report.cases.first().map(|case| (case.level, &case.verdict)) {
            Some((Level::Must, verdict)) => *verdict == Verdict::Fail,
            Some((Level::Should, verdict)) => *verdict == Verdict::NonStrict,
            _ => false,
        };
        if !noticed {
            unnoticed.push(format!("{}: {}\n{}", proof.case, proof.fault, report.to_tree(Detail::Findings)));
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}

#[test]
fn every_case_has_a_fault_that_it_notices() {
    let proven: BTreeSet<&str> = proofs().map(|proof| proof.case).collect();
    let suite = Suite::standard();
    let missing: Vec<&str> = suite
        .checks()
        .filter(|check| check.level != Level::Info && !proven.contains(check.id))
        .map(|check| check.id)
        .collect();
    assert!(missing.is_empty(), "without a fault: {missing:?}");
}

/// The same transport, the same servers, and nothing changed: what the faults are compared with.
#[tokio::test(start_paused = true)]
async fn without_a_fault_no_case_fails() {
    for kind in [ServerKind::Plain, ServerKind::Forced, ServerKind::Keyed, ServerKind::Details] {
        let report = run(kind, NO_FAULT, |_| true).await;
        assert!(!report.failed(Strictness::Strict), "{}", report.to_tree(Detail::Lines));
    }
}
