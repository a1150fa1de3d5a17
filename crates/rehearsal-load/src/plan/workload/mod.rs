//! What the requests of a run say, and how long their answers may be.
//!
//! No tokenizer is involved: prompts are made of words, and a [`Sizing`] says how many tokens the server counts for them.
//! What a report states is always the server's own count.

mod conversations;
mod dataset;
mod length;
mod prompts;
mod synthetic;
mod trace;
mod words;

use std::{
    borrow::Cow,
    num::{NonZeroU32, NonZeroUsize},
};

pub(crate) use self::conversations::Exchanged;
pub use self::{
    conversations::Conversations,
    dataset::{DatasetError, read_dataset},
    length::{Length, LengthError},
    prompts::{Prompt, Prompts},
    synthetic::{SharedPrefix, Sizing, Synthetic},
    trace::{Trace, TraceError, TraceFormat, TraceRequest},
};
use super::PlanError;

/// The prompts of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Prompts(Prompts),
    Synthetic(Synthetic),
    Conversations(Conversations),
    Trace(Trace),
}

impl From<Conversations> for Workload {
    fn from(conversations: Conversations) -> Self {
        Self(Kind::Conversations(conversations))
    }
}

impl From<Prompts> for Workload {
    fn from(prompts: Prompts) -> Self {
        Self(Kind::Prompts(prompts))
    }
}

impl From<Synthetic> for Workload {
    fn from(synthetic: Synthetic) -> Self {
        Self(Kind::Synthetic(synthetic))
    }
}

impl From<Trace> for Workload {
    fn from(trace: Trace) -> Self {
        Self(Kind::Trace(trace))
    }
}

impl Workload {
    /// The same prompt every time, as in the report. With a prefix cache, only the first one is computed in full.
    pub fn same(prompt: impl Into<String>) -> Result<Self, PlanError> {
        Self::cycle([prompt])
    }

    /// Several prompts in turn, from the first again when they are used up.
    pub fn cycle<P: Into<String>>(prompts: impl IntoIterator<Item = P>) -> Result<Self, PlanError> {
        Ok(Prompts::new(prompts.into_iter().map(|prompt| Prompt::new(prompt.into())))?.into())
    }

    /// The prompt of request `index`.
    #[must_use]
    pub fn prompt(&self, index: usize) -> Cow<'_, str> {
        match &self.0 {
            Kind::Prompts(prompts) => prompts.text(index),
            Kind::Synthetic(synthetic) => Cow::Owned(synthetic.text(index)),
            Kind::Conversations(conversations) => conversations.text(index),
            Kind::Trace(trace) => Cow::Owned(trace.text(index)),
        }
    }

    /// Turns of a conversation, where requests belong to any.
    #[must_use]
    pub fn turns(&self) -> Option<NonZeroUsize> {
        match &self.0 {
            Kind::Conversations(conversations) => Some(conversations.turns()),
            _ => None,
        }
    }

    /// What was said before request `index`, where it belongs to a conversation; `tokens` says how long the answer to a
    /// request may be.
    pub(crate) fn before(&self, index: usize, tokens: impl Fn(usize) -> u32) -> Vec<Exchanged> {
        match &self.0 {
            Kind::Conversations(conversations) => conversations.before(index, tokens),
            _ => Vec::new(),
        }
    }

    /// How many tokens the answer of request `index` may have, where the workload says.
    #[must_use]
    pub fn max_tokens(&self, index: usize) -> Option<NonZeroU32> {
        match &self.0 {
            Kind::Prompts(prompts) => prompts.max_tokens(index),
            Kind::Synthetic(synthetic) => synthetic.max_tokens(index),
            Kind::Conversations(conversations) => conversations.questions().max_tokens(index),
            Kind::Trace(trace) => Some(trace.max_tokens(index)),
        }
    }

    /// How many of `requests` requests have a prompt of their own; more requests than this send some of them again.
    #[must_use]
    pub fn distinct(&self, requests: usize) -> usize {
        match &self.0 {
            Kind::Prompts(prompts) => prompts.distinct(requests),
            Kind::Synthetic(_) | Kind::Conversations(_) => requests,
            Kind::Trace(trace) => trace.len(),
        }
    }

    /// Whether requests share beginnings on purpose, so that the server's prefix cache is part of what is measured.
    #[must_use]
    pub fn shares_prefixes(&self) -> bool {
        match &self.0 {
            Kind::Prompts(_) => false,
            Kind::Synthetic(synthetic) => synthetic.shares_prefixes(),
            Kind::Conversations(_) => true,
            Kind::Trace(trace) => trace.shares_prefixes(),
        }
    }

    /// The kind, as reports name it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Kind::Prompts(_) => "prompts",
            Kind::Synthetic(_) => "synthetic",
            Kind::Conversations(_) => "conversations",
            Kind::Trace(_) => "trace",
        }
    }
}
