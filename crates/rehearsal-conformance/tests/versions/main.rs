//! The whole suite against the fake as every recorded version, with every flag that a case asks for: no FAIL and no NON-STRICT, and no case
//! that is nowhere judged.

mod setups;

use std::collections::BTreeSet;

use rehearsal_conformance::{
    Detail, ServerFlag, ServerProfile, Strictness, Suite, SuiteEvent, SuiteReport, Target, Verdict,
};
use rehearsal_fake::Pacing;

use setups::{KEY, SETUPS, Setup, builder};

/// The cases that no fake can be asked for, and why.
const ELSEWHERE: [(&str, &str); 0] = [];

async fn run(setup: &Setup, version: &str) -> SuiteReport {
    let fake = builder(setup, version).pacing(Pacing::Virtual).start_in_memory().expect("the setup is sound");
    let connector = fake.connector();
    let mut target = Target::in_memory(setup.name, move || std::future::ready(Ok(connector.connect())));
    for flag in setup.flags {
        target = target.started_with(*flag);
    }
    if setup.flags.contains(&ServerFlag::ApiKey) {
        target = target.api_key(KEY);
    }
    // the flags change nothing of E-34's many requests, so that one server a version is asked them
    let suite = Suite::standard().destructive().retain(|check| check.id != "E-34" || setup.flags.is_empty());
    suite.run(&target, |_: &SuiteEvent<'_>| {}).await.expect("the fake is surveyed")
}

/// Runs every setup that the version has, and returns the cases that were judged.
async fn judged(version: &str, profile: ServerProfile) -> BTreeSet<String> {
    let mut judged = BTreeSet::new();
    for setup in SETUPS.iter().filter(|setup| !setup.without.contains(&version)) {
        let report = run(setup, version).await;
        assert_eq!(report.detection.profile, profile);
        assert_eq!(report.ended_early, None, "{version}, {}", setup.name);
        assert!(!report.failed(Strictness::Strict), "{version}, {}:\n{}", setup.name, report.to_tree(Detail::Lines));
        let seen = |verdict: &Verdict| {
            !matches!(verdict, Verdict::Skipped { .. } | Verdict::Unimplemented { .. } | Verdict::Inconclusive { .. })
        };
        judged.extend(report.cases.iter().filter(|case| seen(&case.verdict)).map(|case| case.id.clone()));
    }
    judged
}

#[tokio::test(start_paused = true)]
async fn every_recorded_version_passes_strictly_and_every_case_is_judged_somewhere() {
    let mut judged_at_all = BTreeSet::new();
    for (version, profile) in
        [("0.13.0", ServerProfile::Py013), ("0.32.0", ServerProfile::Py032), ("0.32.0-rust", ServerProfile::Rs032)]
    {
        judged_at_all.extend(judged(version, profile).await);
    }
    let suite = Suite::standard();
    let elsewhere = |id: &str| ELSEWHERE.iter().any(|(other, _)| *other == id);
    let never: Vec<&str> =
        suite.checks().map(|check| check.id).filter(|id| !judged_at_all.contains(*id) && !elsewhere(id)).collect();
    assert!(never.is_empty(), "judged nowhere: {never:?}");
}
