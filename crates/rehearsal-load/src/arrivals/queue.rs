//! What the run loop asks for its next request, whatever the load's shape.

use std::{collections::VecDeque, time::Duration};

use super::{ClosedLoop, Conversations, Due, NoSlot, OpenLoop};
use crate::plan::Shard;

/// The requests of a run as they become due.
#[derive(Debug, Clone)]
pub struct Arrivals {
    kind: Kind,
    shard: Option<Shard>,
}

#[derive(Debug, Clone)]
enum Kind {
    Closed {
        workers: ClosedLoop,
        ready: VecDeque<Due>,
    },
    /// Turns and new conversations come due in another order than they are given out.
    Conversations {
        workers: Conversations,
        ready: VecDeque<Due>,
    },
    Open(OpenLoop),
}

impl From<ClosedLoop> for Arrivals {
    fn from(mut workers: ClosedLoop) -> Self {
        let ready = workers.start().collect();
        Self { kind: Kind::Closed { workers, ready }, shard: None }
    }
}

impl From<Conversations> for Arrivals {
    fn from(mut workers: Conversations) -> Self {
        let ready = workers.start().collect();
        Self { kind: Kind::Conversations { workers, ready }, shard: None }
    }
}

impl From<OpenLoop> for Arrivals {
    fn from(open: OpenLoop) -> Self {
        Self { kind: Kind::Open(open), shard: None }
    }
}

impl Arrivals {
    /// The same, with the indices that the requests of this shard have among those of all.
    #[must_use]
    pub fn of_shard(self, shard: Shard) -> Self {
        Self { shard: Some(shard), ..self }
    }

    /// When the next request is to be sent, as far as that is known: the end of a request may make others due.
    #[must_use]
    pub fn next_at(&self) -> Option<Duration> {
        match &self.kind {
            Kind::Closed { ready, .. } | Kind::Conversations { ready, .. } => ready.front().map(|due| due.at),
            Kind::Open(open) => open.next_at(),
        }
    }

    /// The next request, if it is to be sent by `now`.
    pub fn take(&mut self, now: Duration) -> Option<Due> {
        let due = match &mut self.kind {
            Kind::Closed { ready, .. } | Kind::Conversations { ready, .. } => ready.pop_front_if(|due| due.at <= now),
            Kind::Open(open) => open.take(now),
        }?;
        Some(match self.shard {
            Some(shard) => Due { index: shard.index(due.index), ..due },
            None => due,
        })
    }

    /// Request `index` ended, well or badly, at `at`.
    pub fn finished(&mut self, at: Duration, index: usize) {
        match &mut self.kind {
            Kind::Closed { workers, ready } => ready.extend(workers.finished(at)),
            Kind::Conversations { workers, ready } => {
                if let Some(due) = workers.finished(at, index) {
                    let place = ready.partition_point(|other| other.at <= due.at);
                    ready.insert(place, due);
                }
            }
            Kind::Open(open) => open.finished(at),
        }
    }

    /// Arrivals that found no slot; none in a closed loop, whose workers send only when they are free.
    #[must_use]
    pub fn no_slot(&self) -> NoSlot {
        match &self.kind {
            Kind::Closed { .. } | Kind::Conversations { .. } => NoSlot::default(),
            Kind::Open(open) => open.no_slot(),
        }
    }
}
