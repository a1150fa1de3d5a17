//! The bounds of the queue: `--max-num-queued-reqs` and `--max-num-queued-tokens`, counted where vLLM's API server counts them
//! (`v1/engine/async_llm.py`, `check_admission`).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{api::FrontendOptions, driver::Ticket, engine::Event, metrics::Metrics};

/// What is in flight, against its bounds. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max_requests: Option<u32>,
    max_tokens: Option<u64>,
    held: Mutex<Held>,
    metrics: Metrics,
}

/// Sequences in flight by submission, each with the prompt tokens that it has before its first token and 0 after.
#[derive(Debug, Default)]
struct Held {
    sequences: BTreeMap<Ticket, BTreeMap<u32, u64>>,
    count: u64,
    tokens: u64,
}

/// The bound that is reached, by the name that `vllm:admission_rejections_total` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueFull(pub(crate) &'static str);

impl Admission {
    /// The bounds of these settings, if there are any.
    pub(super) fn new(options: &FrontendOptions, metrics: Metrics) -> Option<Self> {
        let (max_requests, max_tokens) = (options.max_num_queued_reqs, options.max_num_queued_tokens);
        if max_requests.is_none() && max_tokens.is_none() {
            return None;
        }
        Some(Self(Arc::new(Inner { max_requests, max_tokens, held: Mutex::default(), metrics })))
    }

    /// Whether `n` more sequences may come in; a refusal is counted.
    pub(crate) fn check(&self, n: u32) -> Result<(), QueueFull> {
        self.judge(&self.held(), n)
    }

    /// Takes in the sequences of a submission, the choices of each prompt together; `prompts` says how long each prompt is.
    pub(crate) fn enter(&self, ticket: Ticket, n: u32, prompts: impl Iterator<Item = u64>) -> Result<(), QueueFull> {
        let mut held = self.held();
        for (prompt, tokens) in (0..).zip(prompts) {
            if let Err(full) = self.judge(&held, n) {
                held.forget(ticket);
                return Err(full);
            }
            for choice in 0..n {
                held.add(ticket, prompt * n + choice, tokens);
            }
        }
        Ok(())
    }

    /// Gives back what a submission held that the engine did not take.
    pub(crate) fn forget(&self, ticket: Ticket) {
        self.held().forget(ticket);
    }

    /// The engine's events: a first token ends a prefill, an end frees a place.
    pub(super) fn happened(&self, events: &[(Event, Option<(Ticket, u32)>)]) {
        let mut held = self.held();
        for (event, route) in events {
            match (event, route) {
                (Event::Token { index: 0, .. }, Some((ticket, choice))) => held.prefilled(*ticket, *choice),
                (Event::Finished { .. }, Some((ticket, choice))) => held.remove(*ticket, *choice),
                _ => {}
            }
        }
    }

    fn judge(&self, held: &Held, n: u32) -> Result<(), QueueFull> {
        let Inner { max_requests, max_tokens, metrics, .. } = &*self.0;
        let reached = if max_requests.is_some_and(|max| u64::from(max) < held.count + u64::from(n)) {
            "max_num_queued_reqs"
        } else if max_tokens.is_some_and(|max| max <= held.tokens) {
            "max_num_queued_tokens"
        } else {
            return Ok(());
        };
        metrics.rejected(reached);
        Err(QueueFull(reached))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn add(&mut self, ticket: Ticket, choice: u32, tokens: u64) {
        self.sequences.entry(ticket).or_default().insert(choice, tokens);
        self.count += 1;
        self.tokens += tokens;
    }

    fn prefilled(&mut self, ticket: Ticket, choice: u32) {
        if let Some(tokens) = self.sequences.get_mut(&ticket).and_then(|choices| choices.get_mut(&choice)) {
            self.tokens -= std::mem::take(tokens);
        }
    }

    fn remove(&mut self, ticket: Ticket, choice: u32) {
        let Some(choices) = self.sequences.get_mut(&ticket) else { return };
        if let Some(tokens) = choices.remove(&choice) {
            self.count -= 1;
            self.tokens -= tokens;
        }
        if choices.is_empty() {
            self.sequences.remove(&ticket);
        }
    }

    fn forget(&mut self, ticket: Ticket) {
        let choices = self.sequences.remove(&ticket).unwrap_or_default();
        self.count -= choices.len() as u64;
        self.tokens -= choices.values().sum::<u64>();
    }
}
