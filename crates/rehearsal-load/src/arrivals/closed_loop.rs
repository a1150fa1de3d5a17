//! A fixed number of workers.

use std::{num::NonZeroUsize, time::Duration};

use super::Due;

/// A fixed number of workers, each of which sends its next request when its last one has finished.
///
/// Request `i` of the first `concurrency` is due at `i · stagger`. When a request finishes at `t`, the next one is due
/// at the later of `t + turnaround` and the last due instant `+ stagger`, until `requests` have been given out. Due
/// instants never decrease.
///
/// ```
/// use std::time::Duration;
/// use rehearsal_load::ClosedLoop;
///
/// let ms = Duration::from_millis;
/// let mut arrivals = ClosedLoop::new(2.try_into().unwrap(), 4.try_into().unwrap()).turnaround(ms(7)).stagger(ms(1));
/// assert_eq!(arrivals.start().map(|due| due.at).collect::<Vec<_>>(), [ms(0), ms(1)]);
/// assert_eq!(arrivals.finished(ms(100)).map(|due| due.at), Some(ms(107)));
/// assert_eq!(arrivals.finished(ms(100)).map(|due| due.at), Some(ms(108)));
/// assert_eq!(arrivals.finished(ms(200)), None);
/// ```
#[derive(Debug, Clone)]
pub struct ClosedLoop {
    concurrency: usize,
    requests: usize,
    turnaround: Duration,
    stagger: Duration,
    until: Option<Duration>,
    given_out: usize,
    last_due: Option<Duration>,
}

impl ClosedLoop {
    /// `requests` in all, at most `concurrency` at once, without turnaround or stagger.
    #[must_use]
    pub fn new(concurrency: NonZeroUsize, requests: NonZeroUsize) -> Self {
        Self {
            concurrency: concurrency.get(),
            requests: requests.get(),
            turnaround: Duration::ZERO,
            stagger: Duration::ZERO,
            until: None,
            given_out: 0,
            last_due: None,
        }
    }

    /// How long a worker thinks between the end of a request and the next one.
    #[must_use]
    pub fn turnaround(mut self, turnaround: Duration) -> Self {
        self.turnaround = turnaround;
        self
    }

    /// The least distance between two consecutive due instants.
    #[must_use]
    pub fn stagger(mut self, stagger: Duration) -> Self {
        self.stagger = stagger;
        self
    }

    /// Gives out no request that would be due at `until` or later.
    #[must_use]
    pub fn until(mut self, until: Option<Duration>) -> Self {
        self.until = until;
        self
    }

    /// The first wave: one request for each worker. Empty when called again.
    pub fn start(&mut self) -> impl Iterator<Item = Due> {
        let first_wave = if self.given_out == 0 { self.concurrency.min(self.requests) } else { 0 };
        (0..first_wave).filter_map(|_| self.next_due(Duration::ZERO))
    }

    /// A request ended, well or badly, at `at`; returns the one that takes its place.
    pub fn finished(&mut self, at: Duration) -> Option<Due> {
        self.next_due(at.saturating_add(self.turnaround))
    }

    /// How many requests have been given out so far.
    #[must_use]
    pub fn given_out(&self) -> usize {
        self.given_out
    }

    fn next_due(&mut self, earliest: Duration) -> Option<Due> {
        if self.requests <= self.given_out {
            return None;
        }
        let at = match self.last_due {
            Some(last) => earliest.max(last.saturating_add(self.stagger)),
            None => earliest,
        };
        if self.until.is_some_and(|until| until <= at) {
            return None;
        }
        let due = Due { index: self.given_out, scheduled: at, at };
        self.given_out += 1;
        self.last_due = Some(at);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn closed_loop(concurrency: usize, requests: usize) -> ClosedLoop {
        ClosedLoop::new(NonZeroUsize::new(concurrency).unwrap(), NonZeroUsize::new(requests).unwrap())
    }

    #[test]
    fn the_first_wave_is_staggered_and_no_larger_than_the_run() {
        let mut arrivals = closed_loop(16, 3).stagger(Duration::from_micros(250));
        let due: Vec<u128> = arrivals.start().map(|due| due.at.as_micros()).collect();
        assert_eq!(due, [0, 250, 500]);
        assert_eq!(arrivals.start().count(), 0, "the first wave starts once");
        assert_eq!(arrivals.finished(MS), None);
    }

    #[test]
    fn the_jth_finisher_of_one_step_waits_j_staggers_after_the_turnaround() {
        let mut arrivals = closed_loop(4, 8).turnaround(5 * MS).stagger(MS);
        assert_eq!(arrivals.start().count(), 4);
        let due: Vec<Duration> = (0..4).filter_map(|_| arrivals.finished(100 * MS)).map(|due| due.at).collect();
        assert_eq!(due, [105 * MS, 106 * MS, 107 * MS, 108 * MS]);
    }

    #[test]
    fn a_finisher_that_comes_late_is_not_pushed_back_by_the_stagger() {
        let mut arrivals = closed_loop(2, 4).turnaround(5 * MS).stagger(MS);
        assert_eq!(arrivals.start().count(), 2);
        assert_eq!(arrivals.finished(100 * MS), Some(Due { index: 2, scheduled: 105 * MS, at: 105 * MS }));
        assert_eq!(arrivals.finished(130 * MS), Some(Due { index: 3, scheduled: 135 * MS, at: 135 * MS }));
    }

    #[test]
    fn after_its_time_a_worker_sends_nothing_more() {
        let mut arrivals = closed_loop(1, 9).turnaround(5 * MS).until(Some(200 * MS));
        assert_eq!(arrivals.start().count(), 1);
        assert_eq!(arrivals.finished(194 * MS).map(|due| due.at), Some(199 * MS));
        assert_eq!(arrivals.finished(195 * MS), None);
    }
}
