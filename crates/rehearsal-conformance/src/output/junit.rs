//! `JUnit` XML: one suite a family, one test case a case.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    report::{CaseReport, Strictness, SuiteReport},
    tree::family_name,
    verdict::Verdict,
};

impl SuiteReport {
    /// The report as `JUnit` XML. A verdict that fails the run at this strictness is a failure; one that says nothing about the server
    /// (skipped, unimplemented, inconclusive) is skipped, with its reason.
    #[must_use]
    pub fn to_junit(&self, strictness: Strictness) -> String {
        let mut report = Report::new(format!("rehearsal check of {}", self.target));
        for family in self.families() {
            let mut suite = TestSuite::new(family_name(family));
            let cases = self.cases.iter().filter(|case| case.family() == family);
            suite.add_test_cases(cases.map(|case| test_case(case, self.curl(case), strictness)));
            report.add_test_suite(suite);
        }
        if let Some(reason) = &self.ended_early {
            let mut suite = TestSuite::new("run");
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(format!("ended early {reason}"));
            suite.add_test_case(TestCase::new("the server stays reachable", status));
            report.add_test_suite(suite);
        }
        written(&report)
    }
}

fn written(report: &Report) -> String {
    report.to_string().expect("a string takes all, and names have lost what XML cannot hold")
}

fn test_case(case: &CaseReport, curl: Option<String>, strictness: Strictness) -> TestCase {
    let fails = match case.verdict {
        Verdict::Fail => true,
        Verdict::NonStrict => strictness == Strictness::Strict,
        _ => false,
    };
    let reason = case.verdict.reason().unwrap_or_default();
    let mut status = match &case.verdict {
        _ if fails => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Skipped { .. } | Verdict::Unimplemented { .. } | Verdict::Inconclusive { .. } => {
            TestCaseStatus::skipped()
        }
        _ => TestCaseStatus::success(),
    };
    let missed = case.findings.iter().filter(|finding| finding.verdict != Verdict::Pass);
    let missed =
        missed.map(|finding| format!("{}: expected {}, saw {}", finding.about, finding.expected, finding.seen));
    let out = missed.chain(curl).collect::<Vec<_>>().join("\n");
    match &case.verdict {
        Verdict::Pass => {}
        _ if fails => {
            status.set_message(format!("{}: {}", case.verdict.label(), case.title));
            status.set_description(out.clone());
        }
        _ => {
            status.set_message(format!("{}: {reason}", case.verdict.label()));
        }
    }
    let mut test = TestCase::new(format!("{} {}", case.id, case.title), status);
    test.set_classname(format!("{} {}", case.level.label(), case.id));
    if !out.is_empty() {
        test.set_system_out(out);
    }
    test
}
