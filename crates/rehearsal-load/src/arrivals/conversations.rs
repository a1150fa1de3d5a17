//! Workers that hold conversations: each turn follows the answer to the one before, after its user has thought.

use std::{num::NonZeroUsize, time::Duration};

use super::Due;

/// A fixed number of workers, each of which holds one conversation after the other.
///
/// Request `i` is turn `i mod turns` of conversation `i ÷ turns`. A turn is due when the answer to the last one is there and
/// the user has thought about it; a conversation's first turn when the worker is free. A worker whose request failed goes
/// on, since its user would have asked again.
///
/// ```
/// use std::time::Duration;
/// use rehearsal_load::arrivals::Conversations;
///
/// let s = Duration::from_secs;
/// let mut arrivals = Conversations::new(1.try_into().unwrap(), 2, 2.try_into().unwrap()).think(s(3));
/// assert_eq!(arrivals.start().map(|due| due.index).collect::<Vec<_>>(), [0]);
/// let next = |due: Option<rehearsal_load::Due>| due.map(|due| (due.index, due.at));
/// assert_eq!(next(arrivals.finished(s(10), 0)), Some((1, s(13)))); // the second turn
/// assert_eq!(next(arrivals.finished(s(20), 1)), Some((2, s(20)))); // the next conversation
/// ```
#[derive(Debug, Clone)]
pub struct Conversations {
    workers: NonZeroUsize,
    /// How many conversations there are in all.
    most: usize,
    turns: NonZeroUsize,
    think: Duration,
    turnaround: Duration,
    until: Option<Duration>,
    begun: usize,
}

impl Conversations {
    /// So many conversations of so many turns each, at most `workers` at once, without thinking.
    #[must_use]
    pub fn new(workers: NonZeroUsize, conversations: usize, turns: NonZeroUsize) -> Self {
        let (think, turnaround) = (Duration::ZERO, Duration::ZERO);
        Self { workers, most: conversations, turns, think, turnaround, until: None, begun: 0 }
    }

    /// How long a user thinks between an answer and the next turn.
    #[must_use]
    pub fn think(mut self, think: Duration) -> Self {
        self.think = think;
        self
    }

    /// How long a worker waits between two conversations, and beside the thinking.
    #[must_use]
    pub fn turnaround(mut self, turnaround: Duration) -> Self {
        self.turnaround = turnaround;
        self
    }

    /// Gives out nothing that would be due at `until` or later.
    #[must_use]
    pub fn until(mut self, until: Option<Duration>) -> Self {
        self.until = until;
        self
    }

    /// The first turn of each worker's first conversation. Empty when called again.
    pub fn start(&mut self) -> impl Iterator<Item = Due> {
        let first = if self.begun == 0 { self.workers.get() } else { 0 };
        (0..first).filter_map(|_| self.begin(Duration::ZERO))
    }

    /// Request `index` ended, well or badly, at `at`; returns what its worker sends next.
    pub fn finished(&mut self, at: Duration, index: usize) -> Option<Due> {
        let at = at.saturating_add(self.turnaround);
        if (index + 1).is_multiple_of(self.turns.get()) {
            return self.begin(at);
        }
        self.due(index + 1, at.saturating_add(self.think))
    }

    fn begin(&mut self, at: Duration) -> Option<Due> {
        if self.most <= self.begun {
            return None;
        }
        let due = self.due(self.begun * self.turns.get(), at)?;
        self.begun += 1;
        Some(due)
    }

    fn due(&self, index: usize, at: Duration) -> Option<Due> {
        let in_time = self.until.is_none_or(|until| at < until);
        in_time.then_some(Due { index, scheduled: at, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turn_of_every_conversation_is_given_out_once_and_in_order() {
        let turns = NonZeroUsize::new(3).unwrap();
        let mut arrivals = Conversations::new(NonZeroUsize::new(2).unwrap(), 5, turns).think(Duration::from_secs(1));
        let mut waiting: Vec<Due> = arrivals.start().collect();
        let mut given = Vec::new();
        while let Some(due) = waiting.pop() {
            given.push(due.index);
            waiting.extend(arrivals.finished(due.at + Duration::from_secs(2), due.index));
        }
        let in_order = |conversation| {
            let turns: Vec<usize> = given.iter().copied().filter(|index| index / 3 == conversation).collect();
            turns == [3 * conversation, 3 * conversation + 1, 3 * conversation + 2]
        };
        assert!((0..5).all(in_order), "{given:?}");
        assert_eq!(given.len(), 15);
    }

    #[test]
    fn after_its_time_no_turn_follows() {
        let one = NonZeroUsize::MIN;
        let think = Duration::from_secs(5);
        let mut arrivals = Conversations::new(one, 9, NonZeroUsize::new(2).unwrap()).think(think);
        arrivals = arrivals.until(Some(Duration::from_secs(10)));
        assert_eq!(arrivals.start().count(), 1);
        assert_eq!(arrivals.finished(Duration::from_secs(5), 0), None);
    }
}
