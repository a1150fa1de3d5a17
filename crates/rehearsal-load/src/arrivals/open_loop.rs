//! A schedule, and slots that its requests may need.

use std::{num::NonZeroUsize, time::Duration};

use super::{Due, Schedule};

/// What becomes of a request that arrives when every slot is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// It waits, in order of arrival, and its wait is in the scheduled latency. The default, and what
    /// `vllm bench serve --max-concurrency` does without saying so.
    #[default]
    Wait,
    /// It is never sent, and counted.
    Drop,
}

/// Arrivals that found no slot free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoSlot {
    /// Sent later than they arrived.
    pub waited: usize,
    /// Not sent at all.
    pub dropped: usize,
}

#[derive(Debug, Clone, Copy)]
struct Slots {
    all: usize,
    taken: usize,
    /// Since when a slot is free again, after all were taken.
    free_since: Duration,
    when_full: WhenFull,
}

/// Requests that arrive on a schedule, whether or not earlier ones have been answered.
#[derive(Debug, Clone)]
pub struct OpenLoop {
    schedule: Schedule,
    next: usize,
    slots: Option<Slots>,
    no_slot: NoSlot,
}

impl OpenLoop {
    /// Every request is sent when it arrives.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        Self { schedule, next: 0, slots: None, no_slot: NoSlot::default() }
    }

    /// At most `slots` requests at once.
    #[must_use]
    pub fn slots(mut self, slots: NonZeroUsize, when_full: WhenFull) -> Self {
        self.slots = Some(Slots { all: slots.get(), taken: 0, free_since: Duration::ZERO, when_full });
        self
    }

    /// When something is next to be done; `None` while all slots are taken by requests that others wait for, and at the
    /// end.
    #[must_use]
    pub fn next_at(&self) -> Option<Duration> {
        let scheduled = self.schedule.get(self.next)?;
        match self.slots {
            Some(Slots { when_full: WhenFull::Wait, all, taken, free_since, .. }) => {
                (taken < all).then(|| scheduled.max(free_since))
            }
            _ => Some(scheduled),
        }
    }

    /// The next request, if it is to be sent by `now`.
    pub fn take(&mut self, now: Duration) -> Option<Due> {
        loop {
            let at = self.next_at().filter(|at| *at <= now)?;
            let index = self.next;
            let scheduled = self.schedule.get(index)?;
            self.next += 1;
            if let Some(slots) = &mut self.slots {
                if slots.all <= slots.taken {
                    self.no_slot.dropped += 1;
                    continue;
                }
                slots.taken += 1;
            }
            self.no_slot.waited += usize::from(scheduled < at);
            return Some(Due { index, scheduled, at });
        }
    }

    /// A request ended, well or badly, at `at`; its slot is free.
    pub fn finished(&mut self, at: Duration) {
        let Some(slots) = &mut self.slots else { return };
        if slots.taken == slots.all {
            slots.free_since = slots.free_since.max(at);
        }
        slots.taken = slots.taken.saturating_sub(1);
    }

    /// Arrivals so far that found no slot.
    #[must_use]
    pub fn no_slot(&self) -> NoSlot {
        self.no_slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Four arrivals, 10 ms apart, on two slots.
    fn two_slots(when_full: WhenFull) -> OpenLoop {
        let schedule = Schedule::recorded([0, 10, 20, 30].map(|at| at * MS)).unwrap();
        OpenLoop::new(schedule).slots(NonZeroUsize::new(2).unwrap(), when_full)
    }

    fn all_until(arrivals: &mut OpenLoop, now: Duration) -> Vec<(usize, Duration, Duration)> {
        std::iter::from_fn(|| arrivals.take(now)).map(|due| (due.index, due.scheduled, due.at)).collect()
    }

    #[test]
    fn a_request_without_a_slot_waits_until_one_is_free_and_keeps_its_due_instant() {
        let mut arrivals = two_slots(WhenFull::Wait);
        assert_eq!(all_until(&mut arrivals, 25 * MS), [(0, Duration::ZERO, Duration::ZERO), (1, 10 * MS, 10 * MS)]);
        assert_eq!(arrivals.next_at(), None);
        arrivals.finished(40 * MS);
        assert_eq!(all_until(&mut arrivals, 40 * MS), [(2, 20 * MS, 40 * MS)]);
        arrivals.finished(45 * MS);
        assert_eq!(all_until(&mut arrivals, 50 * MS), [(3, 30 * MS, 45 * MS)]);
        assert_eq!(arrivals.no_slot(), NoSlot { waited: 2, dropped: 0 });
    }

    #[test]
    fn a_request_that_is_dropped_is_counted_and_its_index_is_used_up() {
        let mut arrivals = two_slots(WhenFull::Drop);
        assert_eq!(all_until(&mut arrivals, 25 * MS), [(0, Duration::ZERO, Duration::ZERO), (1, 10 * MS, 10 * MS)]);
        arrivals.finished(28 * MS);
        assert_eq!(all_until(&mut arrivals, 30 * MS), [(3, 30 * MS, 30 * MS)]);
        assert_eq!(arrivals.no_slot(), NoSlot { waited: 0, dropped: 1 });
        assert_eq!(arrivals.next_at(), None);
    }

    #[test]
    fn without_slots_nothing_waits() {
        let mut arrivals = OpenLoop::new(Schedule::recorded([5 * MS, 3 * MS]).unwrap());
        assert_eq!(arrivals.next_at(), Some(3 * MS));
        assert_eq!(all_until(&mut arrivals, 5 * MS), [(0, 3 * MS, 3 * MS), (1, 5 * MS, 5 * MS)]);
        assert_eq!(arrivals.no_slot(), NoSlot::default());
    }
}
