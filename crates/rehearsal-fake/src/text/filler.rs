//! The default model: plausible words without end.

use std::{num::NonZeroU32, sync::Arc};

use super::{TextModel, TextRequest};
use crate::{
    engine::{Continuation, TokenContext, TokenSource},
    tokenizer::Tokenizer,
};

/// Ordinary words, most of them one token of a large vocabulary.
const WORDS: [&str; 64] = [
    "the", "a", "time", "model", "and", "water", "of", "light", "in", "request", "to", "small", "batch", "is", "that",
    "road", "slow", "with", "answer", "one", "for", "token", "house", "as", "open", "queue", "was", "on", "river",
    "cache", "by", "at", "morning", "first", "from", "memory", "long", "this", "clear", "server", "or", "had", "step",
    "not", "winter", "but", "number", "what", "all", "stone", "were", "when", "quiet", "we", "field", "there", "can",
    "letter", "an", "your", "measure", "which", "their", "wind",
];

/// Says words drawn by the content of the request: the same request gets the same words, whoever runs beside it.
///
/// It goes on until `max_tokens` or a stop ends it, as a load test with a given output length wants it, unless it has a
/// natural length ([`Filler::of_tokens`]).
///
/// ```
/// use std::num::NonZeroU32;
/// use rehearsal_fake::text::Filler;
///
/// let endless = Filler::endless();
/// let short = Filler::of_tokens(NonZeroU32::new(40).expect("40 is not 0"));
/// assert_ne!(endless, short);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filler {
    tokens: Option<NonZeroU32>,
}

impl Filler {
    /// Never ends by itself.
    #[must_use]
    pub const fn endless() -> Self {
        Self { tokens: None }
    }

    /// Ends after this many tokens with the end-of-sequence token, which counts one more.
    #[must_use]
    pub const fn of_tokens(tokens: NonZeroU32) -> Self {
        Self { tokens: Some(tokens) }
    }
}

impl TextModel for Filler {
    fn reply(&self, request: &TextRequest<'_>) -> Continuation {
        let mut words = Words::new(request.tokenizer.clone(), request.key);
        match self.tokens {
            None => Continuation::source(words),
            Some(tokens) => {
                let script: Vec<u32> = (0..tokens.get()).map(|_| words.token()).collect();
                Continuation::Script(script.into())
            }
        }
    }
}

/// An endless row of words as tokens.
struct Words {
    tokenizer: Tokenizer,
    key: u64,
    word: u64,
    /// Tokens of the current word, and how many of them were said.
    tokens: Arc<[u32]>,
    said: usize,
}

impl Words {
    fn new(tokenizer: Tokenizer, key: u64) -> Self {
        Self { tokenizer, key, word: 0, tokens: Arc::default(), said: 0 }
    }

    fn token(&mut self) -> u32 {
        loop {
            if let Some(token) = self.tokens.get(self.said) {
                self.said += 1;
                return *token;
            }
            let word = word(self.key, self.word);
            let spaced = if self.word == 0 { word.to_owned() } else { format!(" {word}") };
            // a tokenizer whose text is never empty: each byte has a token
            self.tokens = self.tokenizer.encode(&spaced).into();
            self.said = 0;
            self.word += 1;
        }
    }
}

impl TokenSource for Words {
    fn next(&mut self, _context: TokenContext<'_>) -> u32 {
        self.token()
    }
}

/// The word with this number in the text with this key.
fn word(key: u64, number: u64) -> &'static str {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&number.to_le_bytes(), key);
    WORDS[usize::from(hash.to_le_bytes()[0]) % WORDS.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SamplingParams;

    fn said(key: u64, tokens: usize) -> String {
        let tokenizer = Tokenizer::byte_level();
        let request = TextRequest::new("p", &[112], &tokenizer).with_key(key);
        let Continuation::Source(mut source) = Filler::endless().reply(&request) else { panic!("it has no end") };
        let sampling = SamplingParams::new(NonZeroU32::MIN);
        let vocab_size = tokenizer.vocab_size();
        let context = TokenContext { prompt: &[112], generated: &[], key, vocab_size, sampling: &sampling };
        let tokens: Vec<u32> = (0..tokens).map(|_| source.next(context)).collect();
        tokenizer.decode(&tokens)
    }

    #[test]
    fn words_depend_on_the_key_alone() {
        assert_eq!(said(7, 400), said(7, 400));
        assert_ne!(said(7, 400), said(8, 400));
    }

    #[test]
    fn a_longer_reply_begins_with_the_shorter_one() {
        assert!(said(7, 500).starts_with(&said(7, 100)));
    }

    #[test]
    fn it_says_words_with_single_spaces() {
        let text = said(3, 2000);
        let (whole, _last_may_be_cut) = text.rsplit_once(' ').expect("many words");
        assert!(whole.split(' ').all(|word| WORDS.contains(&word)), "{text}");
    }

    #[test]
    fn a_natural_length_is_counted_in_tokens() {
        let tokenizer = Tokenizer::byte_level();
        let request = TextRequest::new("p", &[112], &tokenizer).with_key(7);
        let five = Filler::of_tokens(NonZeroU32::new(5).expect("5 is not 0"));
        let Continuation::Script(script) = five.reply(&request) else { panic!("it has an end") };
        assert_eq!(script.len(), 5);
        assert_eq!(tokenizer.decode(&script), said(7, 5));
    }
}
