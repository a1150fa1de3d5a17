//! What really happened: every generating request and the true instant of every token, for whoever checks a client's measurements.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    driver::{Submitted, Ticket, WallClock},
    engine::{Event, Finish, FinishReason, Nanos},
};

/// One choice of a recorded request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalChoice {
    /// When it was first scheduled.
    pub scheduled_at: Option<Nanos>,
    /// When each token came, on the engine's clock.
    pub tokens_at: Vec<Nanos>,
    /// When each event of a stream that tells of tokens was handed to the connection; empty for whole answers. What lies
    /// between the two is the server's own lateness.
    pub told_at: Vec<Nanos>,
    /// How it ended; `None` while it goes on.
    pub finish: Option<Finish>,
}

/// A generating request that the engine took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The id that its answer carries, such as `chatcmpl-7`: its end is the client's own, if it sent an `X-Request-Id`.
    pub id: Arc<str>,
    /// When it had been read and was on its way to the engine, on the engine's clock.
    pub read_at: Nanos,
    /// When the engine took it, on the engine's clock, which starts with the server.
    pub received_at: Nanos,
    /// Its `max_tokens`.
    pub max_tokens: u32,
    /// Its choices, in the order of their indices.
    pub choices: Vec<JournalChoice>,
}

impl JournalEntry {
    /// Whether the client went away before the end.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        let aborted = |choice: &JournalChoice| choice.finish.is_some_and(|finish| finish.reason == FinishReason::Abort);
        self.choices.iter().any(aborted)
    }
}

/// Writes entries; the oldest are forgotten. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    inner: Arc<Mutex<Inner>>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Inner {
    entries: VecDeque<(Ticket, JournalEntry)>,
    /// Entries forgotten so far: the index of the first one kept.
    forgotten: u64,
    /// The index of each entry that is kept.
    indices: BTreeMap<Ticket, u64>,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { inner: Arc::default(), capacity }
    }

    /// All entries kept, oldest first.
    pub(crate) fn entries(&self) -> Vec<JournalEntry> {
        self.lock().entries.iter().map(|(_, entry)| entry.clone()).collect()
    }

    /// Requests taken since the start, forgotten ones included.
    pub(crate) fn requests(&self) -> u64 {
        let inner = self.lock();
        inner.forgotten + inner.entries.len() as u64
    }

    pub(crate) fn submitted(&self, submitted: Submitted, id: Arc<str>) {
        let mut inner = self.lock();
        if self.capacity == 0 {
            inner.forgotten += 1;
            return;
        }
        if inner.entries.len() == self.capacity
            && let Some((ticket, _)) = inner.entries.pop_front()
        {
            inner.indices.remove(&ticket);
            inner.forgotten += 1;
        }
        let Submitted { ticket, read_at, at, sequences, max_tokens, .. } = submitted;
        let index = inner.forgotten + inner.entries.len() as u64;
        inner.indices.insert(ticket, index);
        let choices = vec![JournalChoice::default(); sequences as usize];
        inner.entries.push_back((ticket, JournalEntry { id, read_at, received_at: at, max_tokens, choices }));
    }

    pub(crate) fn happened(&self, events: &[(Event, Option<(Ticket, u32)>)]) {
        if self.capacity == 0 {
            return;
        }
        let mut inner = self.lock();
        for (event, route) in events {
            let Some((ticket, choice)) = *route else { continue };
            match *event {
                Event::Scheduled { at, .. } => inner.with(ticket, choice, |choice| choice.scheduled_at = Some(at)),
                Event::Token { at, .. } => inner.with(ticket, choice, |choice| choice.tokens_at.push(at)),
                Event::Finished { finish, .. } => {
                    inner.with(ticket, choice, |choice| choice.finish = Some(finish));
                }
                _ => {}
            }
        }
    }

    /// The connection gets an event that tells of tokens.
    pub(crate) fn told(&self, ticket: Ticket, choice: u32, clock: &WallClock) {
        if self.capacity != 0 {
            self.lock().with(ticket, choice, |choice| choice.told_at.push(clock.now()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn with(&mut self, ticket: Ticket, choice: u32, change: impl FnOnce(&mut JournalChoice)) {
        let Some(index) = self.indices.get(&ticket) else { return };
        let place = index.checked_sub(self.forgotten).and_then(|place| usize::try_from(place).ok());
        let entry = place.and_then(|place| self.entries.get_mut(place));
        if let Some(choice) = entry.and_then(|(_, entry)| entry.choices.get_mut(choice as usize)) {
            change(choice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_are_forgotten_but_counted() {
        let journal = Journal::new(2);
        for ticket in 0..3 {
            let at = Nanos::from_millis(ticket);
            let submitted = Submitted { ticket: Ticket(ticket), read_at: at, at, sequences: 1, n: 1, max_tokens: 4 };
            journal.submitted(submitted, "a".into());
        }
        let received: Vec<Nanos> = journal.entries().iter().map(|entry| entry.received_at).collect();
        assert_eq!(received, [Nanos::from_millis(1), Nanos::from_millis(2)]);
        assert_eq!(journal.requests(), 3);
    }
}
