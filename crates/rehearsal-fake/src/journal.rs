//! What really happened: every generating request and the true instant of every token, for whoever checks a client's measurements.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    driver::{Submitted, Ticket},
    engine::{Event, Finish, FinishReason, Nanos},
};

/// One choice of a recorded request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalChoice {
    /// When it was first scheduled.
    pub scheduled_at: Option<Nanos>,
    /// When each token came, on the engine's clock.
    pub tokens_at: Vec<Nanos>,
    /// How it ended; `None` while it goes on.
    pub finish: Option<Finish>,
}

/// A generating request that the engine took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
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
pub(crate) struct Journal(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    entries: VecDeque<JournalEntry>,
    /// Entries forgotten so far: the index of the first one kept.
    forgotten: u64,
    capacity: usize,
    open: BTreeMap<Ticket, (u64, u32)>,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        let inner = Inner { entries: VecDeque::new(), forgotten: 0, capacity, open: BTreeMap::new() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// All entries kept, oldest first.
    pub(crate) fn entries(&self) -> Vec<JournalEntry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// Requests taken since the start, forgotten ones included.
    pub(crate) fn requests(&self) -> u64 {
        let inner = self.lock();
        inner.forgotten + inner.entries.len() as u64
    }

    pub(crate) fn submitted(&self, submitted: Submitted) {
        let mut inner = self.lock();
        if inner.capacity == 0 {
            inner.forgotten += 1;
            return;
        }
        if inner.entries.len() == inner.capacity {
            inner.entries.pop_front();
            inner.forgotten += 1;
        }
        let Submitted { ticket, at, sequences, max_tokens, .. } = submitted;
        let index = inner.forgotten + inner.entries.len() as u64;
        inner.open.insert(ticket, (index, sequences));
        let choices = vec![JournalChoice::default(); sequences as usize];
        inner.entries.push_back(JournalEntry { received_at: at, max_tokens, choices });
    }

    pub(crate) fn happened(&self, events: &[(Event, Option<(Ticket, u32)>)]) {
        let mut inner = self.lock();
        for (event, route) in events {
            let Some((ticket, choice)) = *route else { continue };
            match *event {
                Event::Scheduled { at, .. } => inner.with(ticket, choice, |choice| choice.scheduled_at = Some(at)),
                Event::Token { at, .. } => inner.with(ticket, choice, |choice| choice.tokens_at.push(at)),
                Event::Finished { finish, .. } => {
                    inner.with(ticket, choice, |choice| choice.finish = Some(finish));
                    inner.close(ticket);
                }
                _ => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn with(&mut self, ticket: Ticket, choice: u32, change: impl FnOnce(&mut JournalChoice)) {
        let Some((index, _)) = self.open.get(&ticket) else { return };
        let entry =
            index.checked_sub(self.forgotten).and_then(|index| self.entries.get_mut(usize::try_from(index).ok()?));
        if let Some(choice) = entry.and_then(|entry| entry.choices.get_mut(choice as usize)) {
            change(choice);
        }
    }

    fn close(&mut self, ticket: Ticket) {
        if let Some((_, open)) = self.open.get_mut(&ticket) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.open.remove(&ticket);
            }
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
            journal.submitted(Submitted { ticket: Ticket(ticket), at, sequences: 1, n: 1, max_tokens: 4 });
        }
        let received: Vec<Nanos> = journal.entries().iter().map(|entry| entry.received_at).collect();
        assert_eq!(received, [Nanos::from_millis(1), Nanos::from_millis(2)]);
        assert_eq!(journal.requests(), 3);
    }
}
