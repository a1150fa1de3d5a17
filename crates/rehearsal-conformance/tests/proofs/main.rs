//! Each case can fail: a faulty answer to a case's own question makes that case, and so the run, fail.
//!
//! The faults change bytes on the way from a sound server, and know nothing of the suite's reader. A case without a fault
//! in these tables fails the tests.

mod choices;
mod faulty;
mod framing;
mod limits_and_errors;
mod stream;
mod usage;

use std::{collections::BTreeSet, sync::atomic::AtomicUsize};

use rehearsal_conformance::{Check, Detail, Level, Strictness, Suite, SuiteEvent, SuiteReport, Target, Verdict};
use rehearsal_load::transport::{ConnectionMode, HttpTransport};

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
}

impl Proof {
    const fn new(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Plain, change }
    }

    const fn forced(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Forced, change }
    }

    const fn with_key(case: &'static str, fault: &'static str, change: Fault) -> Self {
        Self { case, fault, server: ServerKind::Keyed, change }
    }
}

fn proofs() -> impl Iterator<Item = Proof> {
    [usage::PROOFS, stream::PROOFS, choices::PROOFS, limits_and_errors::PROOFS, framing::PROOFS]
        .into_iter()
        .flatten()
        .copied()
}

const NO_FAULT: Fault = |_: &Asked, _: &mut Reply| {};

/// The sound server: a real one, where `REHEARSAL_TARGET` names it.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a live test says by name that it has no server")]
fn server() -> Option<String> {
    let url = std::env::var("REHEARSAL_TARGET").ok();
    if url.is_none() {
        println!("skipped: REHEARSAL_TARGET names no server");
    }
    url
}

fn target(url: &str, change: Fault) -> Target {
    let inner = HttpTransport::new(ConnectionMode::PerRequest).expect("a transport");
    Target::new(url, Faulty { inner, fault: change, turn: AtomicUsize::new(0) })
}

async fn run(url: &str, change: Fault, keep: impl Fn(&Check) -> bool) -> SuiteReport {
    let suite = Suite::standard().retain(keep).seed(u64::from(std::process::id()));
    suite.run(&target(url, change), |_: &SuiteEvent<'_>| {}).await.expect("a sound server is surveyed")
}

#[tokio::test]
async fn each_fault_is_noticed_by_its_case() {
    let Some(url) = server() else { return };
    let mut unnoticed = Vec::new();
    for proof in proofs() {
        if proof.server != ServerKind::Plain {
            continue;
        }
        let report = run(&url, proof.change, |check| check.id == proof.case).await;
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

#[tokio::test]
async fn without_a_fault_no_case_fails() {
    let Some(url) = server() else { return };
    let report = run(&url, NO_FAULT, |_| true).await;
    assert!(!report.failed(Strictness::Strict), "{}", report.to_tree(Detail::Lines));
}
