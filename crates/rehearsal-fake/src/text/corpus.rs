//! Text that somebody else wrote.

use std::sync::Arc;

use thiserror::Error;

use super::{TextModel, TextRequest};
use crate::engine::{Continuation, TokenContext};

/// A corpus that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the corpus holds no word; give it a text")]
pub struct EmptyCorpus;

/// Reads a text aloud, from a word that follows from the content of the request, round and round until something ends the reply.
///
/// The same request is read the same passage, whoever runs beside it. It is the choice when the words matter: the statistics of real
/// tokens, another language, a list of one's own words.
///
/// ```
/// use rehearsal_fake::text::Corpus;
///
/// let corpus = Corpus::new("It was a bright cold day in April.")?;
/// assert_eq!(corpus.words(), 8);
/// assert!(Corpus::new("  ").is_err());
/// # Ok::<(), rehearsal_fake::text::EmptyCorpus>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    text: Arc<str>,
    /// Where each word begins, in bytes.
    words: Arc<[usize]>,
}

impl Corpus {
    /// A model that reads this text; a word begins behind white space.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, EmptyCorpus> {
        let text = text.into();
        let mut words = Vec::new();
        let mut after_space = true;
        for (at, character) in text.char_indices() {
            if after_space && !character.is_whitespace() {
                words.push(at);
            }
            after_space = character.is_whitespace();
        }
        if words.is_empty() { Err(EmptyCorpus) } else { Ok(Self { text, words: words.into() }) }
    }

    /// Words of the text.
    #[must_use]
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// The word with this number, with the white space in front of it; the text goes round.
    fn word(&self, number: usize) -> &str {
        let begins = |number: usize| self.words.get(number).copied();
        let number = number % self.words.len();
        let end = begins(number + 1).unwrap_or(self.text.len());
        let word = begins(number).and_then(|begin| self.text.get(begin..end)).unwrap_or_default();
        word.trim_end()
    }
}

impl TextModel for Corpus {
    fn reply(&self, request: &TextRequest<'_>) -> Continuation {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&request.choice_index.to_le_bytes(), request.key);
        let (corpus, tokenizer) = (self.clone(), request.tokenizer.clone());
        let mut next = usize::try_from(hash % self.words.len() as u64).unwrap_or(0);
        let (mut tokens, mut said, mut first): (Vec<u32>, usize, bool) = (Vec::new(), 0, true);
        Continuation::source(move |_: TokenContext<'_>| {
            // each word has at least one token: a tokenizer has one for each byte
            while tokens.len() <= said {
                let word = corpus.word(next);
                tokens = if first { tokenizer.encode(word) } else { tokenizer.encode(&format!(" {word}")) };
                (next, said, first) = ((next + 1) % corpus.words(), 0, false);
            }
            said += 1;
            tokens.get(said - 1).copied().unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{engine::SamplingParams, tokenizer::Tokenizer};

    fn read(corpus: &Corpus, key: u64, tokens: usize) -> String {
        let tokenizer = Tokenizer::byte_level();
        let request = TextRequest::new("p", &[112], &tokenizer).with_key(key);
        let Continuation::Source(mut source) = corpus.reply(&request) else { panic!("it has no end") };
        let sampling = SamplingParams::new(NonZeroU32::MIN);
        let vocab_size = tokenizer.vocab_size();
        let context = TokenContext { prompt: &[112], generated: &[], key, vocab_size, sampling: &sampling };
        let tokens: Vec<u32> = (0..tokens).map(|_| source.next(context)).collect();
        tokenizer.decode(&tokens)
    }

    #[test]
    fn it_reads_on_and_begins_again_at_the_end() {
        let corpus = Corpus::new("one  two\nthree ").unwrap();
        let round = "one two three one two three one two three";
        for key in 0..20 {
            let text = read(&corpus, key, 18);
            assert!(round.contains(&text), "{text}");
            assert_eq!(text, read(&corpus, key, 18));
        }
    }

    #[test]
    fn requests_begin_at_different_words() {
        let corpus = Corpus::new("alpha beta gamma delta").unwrap();
        let starts: std::collections::BTreeSet<String> = (0..50).map(|key| read(&corpus, key, 1)).collect();
        assert_eq!(starts.len(), 4);
    }
}
