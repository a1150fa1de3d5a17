//! Who watches the engine: metrics, journal and the bounds of the queue.

use std::sync::Arc;

use super::Admission;
use crate::{
    driver::{Observer, Submitted, Ticket},
    engine::{EngineStats, Event},
    journal::Journal,
    metrics::Metrics,
};

/// Hands the engine's events to all of them.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) metrics: Metrics,
    pub(super) journal: Journal,
    pub(super) admission: Option<Admission>,
}

impl Observer for Watch {
    fn submitted(&mut self, submitted: Submitted, id: Arc<str>) {
        self.metrics.submitted(submitted);
        self.journal.submitted(submitted, id);
    }

    fn happened(&mut self, events: &[(Event, Option<(Ticket, u32)>)], stats: &EngineStats) {
        self.metrics.happened(events, stats);
        self.journal.happened(events);
        if let Some(admission) = &self.admission {
            admission.happened(events);
        }
    }
}
