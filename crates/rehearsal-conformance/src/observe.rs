//! What a run tells while it goes on.

use crate::{check::Check, profile::Detection, report::CaseReport, survey::Facts};

/// One thing that happened in a run.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum SuiteEvent<'e> {
    /// The server has said what it is; this many cases follow.
    Surveyed {
        /// What it said.
        facts: &'e Facts,
        /// The profile whose expectations hold.
        detection: Detection,
        /// How many cases and laws were selected.
        cases: usize,
    },
    /// A case begins.
    CaseStarted {
        /// Which.
        check: &'e Check,
    },
    /// A generated request was held to the laws.
    RequestTried {
        /// How many were until now.
        requests: u64,
    },
    /// A case or law has its verdict.
    CaseFinished {
        /// The verdict and its evidence.
        case: &'e CaseReport,
    },
}

/// Listens to a run. A closure will do: `|event: &SuiteEvent<'_>| …`.
pub trait Observer: Send {
    /// Called for each event, in order.
    fn on_event(&mut self, event: &SuiteEvent<'_>);
}

impl<F: FnMut(&SuiteEvent<'_>) + Send> Observer for F {
    fn on_event(&mut self, event: &SuiteEvent<'_>) {
        self(event);
    }
}
