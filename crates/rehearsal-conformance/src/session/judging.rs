//! How a session judges what it sees: expectations, known faults, and what ends a case early, each a finding.

use serde::Serialize;

use super::{Session, Stop};
use crate::{
    report::Finding,
    verdict::{Level, Verdict},
};

/// A known fault of the selected profile: what it shows instead of the expectation, and where it is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownBug<T> {
    /// What the faulty server shows.
    pub shows: T,
    /// The upstream issue, or the recording that has it.
    pub issue: &'static str,
}

impl Session<'_> {
    /// Expects `seen` to be `expected`.
    #[expect(clippy::needless_pass_by_value, reason = "a case states values, and borrows would be noise in each line")]
    pub fn equal<T: PartialEq + Serialize>(&mut self, about: impl Into<String>, expected: T, seen: T) {
        let verdict = if expected == seen { Verdict::Pass } else { self.missed() };
        self.find(about.into(), shown(&expected), shown(&seen), verdict);
    }

    /// Expects `seen` to be `expected`, except that a profile with a known fault may show the fault.
    #[expect(clippy::needless_pass_by_value, reason = "as in `equal`")]
    pub fn equal_or_known<T: PartialEq + Serialize>(
        &mut self,
        about: impl Into<String>,
        expected: T,
        known: Option<KnownBug<T>>,
        seen: T,
    ) {
        let verdict = match known {
            Some(bug) if bug.shows == seen => Verdict::KnownBug { issue: bug.issue.into() },
            Some(bug) if expected == seen => Verdict::FixedBug { issue: bug.issue.into() },
            _ if expected == seen => Verdict::Pass,
            _ => self.missed(),
        };
        self.find(about.into(), shown(&expected), shown(&seen), verdict);
    }

    /// Expects that `seen` is as `expected` says in words, which `holds` decides.
    pub fn satisfies<T: Serialize>(
        &mut self,
        about: impl Into<String>,
        expected: impl Into<String>,
        seen: T,
        holds: impl FnOnce(&T) -> bool,
    ) {
        let verdict = if holds(&seen) { Verdict::Pass } else { self.missed() };
        self.find(about.into(), expected.into(), shown(&seen), verdict);
    }

    /// Notes what the server does, without an expectation.
    pub fn record(&mut self, about: impl Into<String>, seen: impl Serialize) {
        self.find(about.into(), "recorded".into(), shown(&seen), Verdict::Pass);
    }

    /// Notes that one part of the case could not be run or judged.
    pub fn leave_out(&mut self, about: impl Into<String>, verdict: Verdict) {
        self.find(about.into(), "not judged".into(), String::new(), verdict);
    }

    pub(crate) fn stopped(&mut self, stop: Stop) {
        match stop {
            Stop::Missed { about, expected, seen } => {
                let verdict = self.missed();
                self.find(about, expected, seen, verdict);
            }
            Stop::Skipped(reason) => self.leave_out("precondition", Verdict::Skipped { reason }),
            Stop::Unimplemented(reason) => self.leave_out("server", Verdict::Unimplemented { reason }),
            Stop::Inconclusive(reason) => self.leave_out("judgement", Verdict::Inconclusive { reason }),
            Stop::Unreachable(reason) => self.leave_out("connection", Verdict::Inconclusive { reason }),
        }
    }

    fn missed(&self) -> Verdict {
        match self.level {
            Level::Must => Verdict::Fail,
            Level::Should => Verdict::NonStrict,
            Level::Info => Verdict::Inconclusive { reason: "the answer is not of the kind that is recorded".into() },
        }
    }

    fn find(&mut self, about: String, expected: String, seen: String, verdict: Verdict) {
        let exchange = self.exchanges.len().checked_sub(1);
        self.findings.push(Finding { about, expected, seen, verdict, exchange });
    }
}

/// A value as findings show it.
pub(super) fn shown(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("(not shown: {error})"))
}
