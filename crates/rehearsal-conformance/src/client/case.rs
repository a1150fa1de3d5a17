//! A case: what is played, what a client should report, and on what grounds.

use std::sync::Arc;

use super::{Play, judge::Figure};
use crate::verdict::Level;

/// One case for clients.
#[derive(Debug, Clone)]
pub struct ClientCase {
    /// Unique and stable, such as `C-06`.
    pub id: &'static str,
    /// What a client should report, as a sentence.
    pub title: &'static str,
    /// What is played, in words; milliseconds after the request.
    pub plays: &'static str,
    /// What is true of it, in words.
    pub truth: &'static str,
    /// Where the case comes from.
    pub reference: &'static str,
    /// The figures that it is about: one that is not reported leaves the case without a verdict.
    pub(crate) about: &'static [Figure],
    /// What is played, in turn, one a request.
    pub(crate) cycle: Vec<Arc<Play>>,
    /// How many choices a request should ask for.
    pub(crate) choices: u32,
}

impl ClientCase {
    /// How binding it is. Every case for clients is a MUST.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::Must
    }

    /// What is played to the request with this number, from 0.
    #[must_use]
    pub fn play(&self, request: usize) -> Arc<Play> {
        Arc::clone(&self.cycle[request % self.cycle.len()])
    }

    pub(crate) fn stretched(self, factor: u32) -> Self {
        let slow = |play: Arc<Play>| Arc::new(Arc::unwrap_or_clone(play).stretched(factor));
        Self { cycle: self.cycle.into_iter().map(slow).collect(), ..self }
    }

    pub(crate) fn plays_failures(&self) -> bool {
        self.cycle.iter().any(|play| play.failure.is_some())
    }
}
