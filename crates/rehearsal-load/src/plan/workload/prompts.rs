//! Prompts that somebody wrote.

use std::{borrow::Cow, num::NonZeroU32};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::plan::PlanError;

/// One prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    text: String,
    max_tokens: Option<NonZeroU32>,
}

impl Prompt {
    /// A prompt whose answer is as long as the plan allows.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { text, max_tokens: None }
    }

    /// Most tokens of its answer.
    #[must_use]
    pub fn max_tokens(mut self, max_tokens: Option<NonZeroU32>) -> Self {
        self.max_tokens = max_tokens;
        self
    }
}

/// Prompts that requests take in turn: request `i` sends prompt `i mod n`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompts {
    prompts: Vec<Prompt>,
    salt: Option<u64>,
}

impl Prompts {
    /// These prompts, as they are.
    pub fn new(prompts: impl IntoIterator<Item = Prompt>) -> Result<Self, PlanError> {
        let prompts: Vec<Prompt> = prompts.into_iter().collect();
        if prompts.is_empty() {
            return Err(PlanError::EmptyPrompt { index: 0 });
        }
        match prompts.iter().position(|prompt| prompt.text.trim().is_empty()) {
            Some(index) => Err(PlanError::EmptyPrompt { index }),
            None => Ok(Self { prompts, salt: None }),
        }
    }

    /// Puts a number that no other request has before each prompt, so that no prefix cache finds it. It costs a dozen
    /// tokens or so.
    #[must_use]
    pub fn salted(mut self, seed: u64) -> Self {
        self.salt = Some(seed);
        self
    }

    pub(super) fn text(&self, index: usize) -> Cow<'_, str> {
        let text = &self.prompts[index % self.prompts.len()].text;
        match self.salt {
            None => Cow::Borrowed(text),
            Some(seed) => Cow::Owned(format!("{:016x} {text}", xxh3_64_with_seed(&index.to_le_bytes(), seed))),
        }
    }

    pub(super) fn max_tokens(&self, index: usize) -> Option<NonZeroU32> {
        self.prompts[index % self.prompts.len()].max_tokens
    }

    pub(super) fn distinct(&self, requests: usize) -> usize {
        if self.salt.is_some() { requests } else { self.prompts.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Prompts {
        Prompts::new(["one", "two"].map(|text| Prompt::new(text.to_owned()))).unwrap()
    }

    #[test]
    fn prompts_come_in_turn_as_they_are() {
        let prompts = two();
        assert_eq!([0, 1, 2].map(|index| prompts.text(index)), ["one", "two", "one"]);
        assert_eq!(prompts.distinct(10), 2);
    }

    #[test]
    fn a_salt_makes_every_request_another_from_its_first_letters_on() {
        let prompts = two().salted(1);
        let beginnings: std::collections::BTreeSet<String> =
            (0..1000).map(|index| prompts.text(index)[..16].to_owned()).collect();
        assert_eq!(beginnings.len(), 1000);
        assert!(prompts.text(2).ends_with(" one"));
        assert_eq!(prompts.text(5), prompts.text(5));
        assert_ne!(prompts.text(5), two().salted(2).text(5));
        assert_eq!(prompts.distinct(10), 10);
    }
}
