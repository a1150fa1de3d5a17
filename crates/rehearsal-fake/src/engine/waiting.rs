//! The waiting queue under both policies.

use std::collections::BTreeMap;

use super::{SchedulingPolicy, sequence::Sequence};

/// A place in the waiting queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    priority: i32,
    arrival: u64,
    order: i64,
}

/// Requests that wait, in the order in which they will be admitted.
#[derive(Debug)]
pub(super) struct WaitingQueue {
    policy: SchedulingPolicy,
    slots: BTreeMap<Rank, u32>,
    /// Orders handed out at the back and, below zero, at the front.
    back: i64,
    front: i64,
}

impl WaitingQueue {
    pub(super) const fn new(policy: SchedulingPolicy) -> Self {
        Self { policy, slots: BTreeMap::new(), back: 0, front: -1 }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Queues a new request.
    pub(super) fn push(&mut self, slot: u32, sequence: &Sequence) -> Rank {
        let order = self.back;
        self.back += 1;
        self.insert(slot, sequence, order)
    }

    /// Queues a preempted request: before all others under FCFS, by its priority and arrival otherwise.
    pub(super) fn push_front(&mut self, slot: u32, sequence: &Sequence) -> Rank {
        let order = self.front;
        self.front -= 1;
        self.insert(slot, sequence, order)
    }

    pub(super) fn first(&self) -> Option<u32> {
        self.slots.first_key_value().map(|(_, slot)| *slot)
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        self.slots.remove(&rank);
    }

    fn insert(&mut self, slot: u32, sequence: &Sequence, order: i64) -> Rank {
        let rank = match self.policy {
            SchedulingPolicy::Fcfs => Rank { priority: 0, arrival: 0, order },
            SchedulingPolicy::Priority => {
                let order = i64::try_from(sequence.id.as_u64()).unwrap_or(i64::MAX);
                Rank { priority: sequence.priority, arrival: sequence.queued_at.as_nanos(), order }
            }
        };
        self.slots.insert(rank, slot);
        rank
    }
}
