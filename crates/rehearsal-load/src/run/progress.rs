//! Counts what has ended so far.

use std::time::Duration;

use crate::{client::RequestTimeline, observe::Progress};

pub(super) struct Tally {
    requests: usize,
    ok: usize,
    errors: usize,
    output_tokens: u64,
}

impl Tally {
    pub(super) fn new(requests: usize) -> Self {
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
            requests: self.requests,
            ok: self.ok,
            errors: self.errors,
            in_flight,
            output_tokens: self.output_tokens,
        }
    }
}
