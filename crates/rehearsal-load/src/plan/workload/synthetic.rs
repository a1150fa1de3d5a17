//! Prompts of random words, so many that the server counts the tokens that were asked for.

use std::num::NonZeroU32;

use super::{
    Length,
    words::{NUMBER_WORDS, generator, push_number, push_words},
};

const PREFIX: u64 = 1;
const BODY: u64 = 2;
const LENGTHS: u64 = 3;
const ANSWER: u64 = 4;

/// How many tokens the server counts for words: `overhead + per_word × words`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizing {
    overhead: f64,
    per_word: f64,
}

impl Sizing {
    /// A token a word and no chat template; for servers that say nothing.
    pub const A_TOKEN_A_WORD: Self = Self { overhead: 0.0, per_word: 1.0 };

    /// From two prompts of different lengths: words, and tokens as the server counts them. `None` when they contradict a
    /// tokenizer: no more tokens for more words.
    #[must_use]
    pub fn measured(short: (usize, u64), long: (usize, u64)) -> Option<Self> {
        let words = long.0.checked_sub(short.0).filter(|words| 0 < *words)? as f64;
        let tokens = long.1.checked_sub(short.1).filter(|tokens| 0 < *tokens)? as f64;
        let per_word = tokens / words;
        Some(Self { overhead: (short.1 as f64 - per_word * short.0 as f64).max(0.0), per_word })
    }

    /// A prompt of so many words, to be counted by the server.
    #[must_use]
    pub fn probe(words: usize, seed: u64) -> String {
        let mut text = String::new();
        push_words(&mut text, words, &mut generator(seed, 0, words as u64));
        text
    }

    /// Words of a prompt of `tokens` tokens, its template included; 1 at least.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
    pub(super) fn words(self, tokens: u32) -> usize {
        (((f64::from(tokens) - self.overhead) / self.per_word).round() as usize).max(1)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
    pub(super) fn words_of_part(self, tokens: f64) -> usize {
        (tokens / self.per_word).round() as usize
    }
}

/// What prompts have in common on purpose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SharedPrefix {
    share: f64,
    groups: NonZeroU32,
}

impl SharedPrefix {
    /// The first `share` of every prompt (0 to 1) is that of its group, one of `groups`; `None` outside 0 to 1.
    #[must_use]
    pub fn new(share: f64, groups: NonZeroU32) -> Option<Self> {
        (0.0..=1.0).contains(&share).then_some(Self { share, groups })
    }
}

/// Prompts of random words. Without a shared prefix no two have a common beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Synthetic {
    input: Length,
    output: Option<Length>,
    sizing: Sizing,
    shared: Option<SharedPrefix>,
    seed: u64,
}

impl Synthetic {
    /// Prompts of these lengths in tokens, chat template included.
    #[must_use]
    pub fn new(input: Length, sizing: Sizing, seed: u64) -> Self {
        Self { input, output: None, sizing, shared: None, seed }
    }

    /// How long answers may be; the plan says so without this call.
    #[must_use]
    pub fn output(mut self, output: Option<Length>) -> Self {
        self.output = output;
        self
    }

    /// What prompts have in common.
    #[must_use]
    pub fn shared_prefix(mut self, shared: Option<SharedPrefix>) -> Self {
        self.shared = shared;
        self
    }

    pub(super) fn text(&self, index: usize) -> String {
        let tokens = self.input.sample(&mut generator(self.seed, LENGTHS, 2 * index as u64));
        let words = self.sizing.words(tokens.get());
        let mut text = String::with_capacity(6 * words);
        let mut written = 0;
        if let Some(SharedPrefix { share, groups }) = self.shared {
            let group = index as u64 % u64::from(groups.get());
            written = words.min(self.sizing.words_of_part(share * f64::from(tokens.get())));
            push_words(&mut text, written, &mut generator(self.seed, PREFIX, group));
        }
        // the index comes first, so that what is not shared differs from its first words on
        if NUMBER_WORDS <= words - written {
            push_number(&mut text, index as u64);
            written += NUMBER_WORDS;
        }
        push_words(&mut text, words - written, &mut generator(self.seed, BODY, index as u64));
        text
    }

    /// Words that stand for an answer of so many tokens to request `index`.
    pub(super) fn made_up_answer(&self, index: usize, tokens: u32) -> String {
        let words = self.sizing.words_of_part(f64::from(tokens)).max(1);
        let mut text = String::with_capacity(6 * words);
        push_words(&mut text, words, &mut generator(self.seed, ANSWER, index as u64));
        text
    }

    pub(super) fn max_tokens(&self, index: usize) -> Option<NonZeroU32> {
        self.output.map(|output| output.sample(&mut generator(self.seed, LENGTHS, 2 * index as u64 + 1)))
    }

    pub(super) fn shares_prefixes(&self) -> bool {
        self.shared.is_some_and(|shared| 0.0 < shared.share)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn synthetic(input: &str) -> Synthetic {
        // 20 tokens of template, and 3 tokens for every 2 words
        let sizing = Sizing::measured((100, 170), (300, 470)).unwrap();
        assert_eq!(sizing, Sizing { overhead: 20.0, per_word: 1.5 });
        Synthetic::new(input.parse().unwrap(), sizing, 0)
    }

    fn words(text: &str) -> Vec<&str> {
        text.split(' ').collect()
    }

    #[test]
    fn a_prompt_has_as_many_words_as_make_its_tokens() {
        let prompts = synthetic("500");
        assert_eq!(words(&prompts.text(3)).len(), 320); // (500 − 20) / 1.5
        assert_eq!(prompts.text(3), prompts.text(3));
        assert_eq!(words(&synthetic("5").text(0)).len(), 1, "less than the template is one word");
    }

    #[test]
    fn no_two_prompts_begin_alike() {
        let prompts = synthetic("100");
        let beginnings: BTreeSet<String> = (0..5000).map(|index| words(&prompts.text(index))[..5].join(" ")).collect();
        assert_eq!(beginnings.len(), 5000);
    }

    #[test]
    fn prompts_of_a_group_share_what_was_declared_and_no_more() {
        let shared = SharedPrefix::new(0.75, NonZeroU32::new(2).unwrap());
        let prompts = synthetic("500").shared_prefix(shared);
        let (first, other, third) = (prompts.text(0), prompts.text(1), prompts.text(2));
        let common = |a: &str, b: &str| words(a).iter().zip(words(b)).take_while(|(a, b)| *a == b).count();
        assert_eq!(words(&first).len(), 320);
        assert_eq!(common(&first, &third), 250); // 0.75 · 500 / 1.5
        assert!(common(&first, &other) < 5);
        assert!(prompts.shares_prefixes());
    }

    #[test]
    fn counts_that_contradict_a_tokenizer_size_nothing() {
        assert_eq!(Sizing::measured((100, 170), (300, 170)), None);
        assert_eq!(Sizing::measured((300, 170), (300, 470)), None);
    }

    #[test]
    fn answers_have_lengths_of_their_own() {
        let prompts = synthetic("100..200").output(Some("10..20".parse().unwrap()));
        let lengths: BTreeSet<u32> =
            (0..500).filter_map(|index| prompts.max_tokens(index)).map(NonZeroU32::get).collect();
        assert_eq!(lengths, (10..=20).collect());
        assert_eq!(synthetic("9").max_tokens(0), None);
    }
}
