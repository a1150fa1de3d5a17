//! Start-up as vLLM logs it: its phases, what each says, and how long each takes when start-up is imitated in time.
//!
//! The order and the wording of the lines are vLLM's, by version; how the time is shared out among the phases is ours.

mod lines;

pub(crate) use lines::{Facts, complete, phases, refused};

use crate::{
    driver::Span,
    log::{Log, LogLine},
};

/// A part of start-up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phase {
    /// The share of the whole time after which it begins, 0 to 1.
    pub(crate) begins: f64,
    /// What is logged then.
    pub(crate) lines: Vec<LogLine>,
}

/// Lets start-up pass.
pub(crate) async fn run(phases: &[Phase], takes: std::time::Duration, log: &Log) {
    let span = Span::new(takes);
    for phase in phases {
        if !takes.is_zero() {
            span.until(phase.begins).await;
        }
        for line in &phase.lines {
            log.line(line);
        }
    }
}
