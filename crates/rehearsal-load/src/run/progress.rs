//! Counts what has ended so far.

use std::time::Duration;

use crate::{client::RequestTimeline, observe::Progress, plan::LoadPlan};

pub(super) struct Tally {
    /// `None` where only a duration limits the run.
    requests: Option<usize>,
    ok: usize,
    errors: usize,
    output_tokens: u64,
}

impl Tally {
    pub(super) fn new(plan: &LoadPlan) -> Self {
        let requests = plan.planned().map(std::num::NonZeroUsize::get);
        Self { requests, ok: 0, errors: 0, output_tokens: 0 }
    }

    pub(super) fn count(&mut self, request: &RequestTimeline) {
        if request.verdict.is_success() {
            self.ok += 1;
            self.output_tokens += request.output_tokens().unwrap_or(0);
        } else {
            self.errors += 1;
        }
    }

    pub(super) fn progress(&self, elapsed: Duration, in_flight: usize) -> Progress {
        Progress {
            elapsed,
            requests: self.requests.unwrap_or(self.ok + self.errors + in_flight),
            ok: self.ok,
            errors: self.errors,
            in_flight,
            output_tokens: self.output_tokens,
        }
    }
}
