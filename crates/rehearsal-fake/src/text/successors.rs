//! A model that knows only the last token.

use std::{collections::BTreeMap, sync::Arc};

use super::{TextModel, TextRequest};
use crate::engine::{Continuation, TokenContext};

/// Says after each token the one that its map names: a puppet whose text a test knows in advance, wherever the prompt ends.
///
/// A prompt that ends in the first token of a script plays the script from there. After a token without a successor comes `otherwise`.
///
/// ```
/// use rehearsal_fake::{text::Successors, tokenizer::Tokenizer};
///
/// let tokenizer = Tokenizer::byte_level();
/// let puppet = Successors::otherwise(256).script(&tokenizer.encode(">hi there"));
/// assert_eq!(puppet.after(u32::from(b'>')), u32::from(b'h'));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "give it to the builder's `text`"]
pub struct Successors {
    next: Arc<BTreeMap<u32, u32>>,
    otherwise: u32,
}

impl Successors {
    /// A map without entries: every token is followed by `otherwise`, as a rule an end of sequence.
    pub fn otherwise(token: u32) -> Self {
        Self { next: Arc::default(), otherwise: token }
    }

    /// Adds a row of tokens, each followed by the next and the last by none; of two rows that share a token the later one wins.
    pub fn script(self, tokens: &[u32]) -> Self {
        tokens.iter().zip(tokens.iter().skip(1)).fold(self, |puppet, (token, next)| puppet.with(*token, *next))
    }

    /// Adds one pair.
    pub fn with(mut self, token: u32, next: u32) -> Self {
        Arc::make_mut(&mut self.next).insert(token, next);
        self
    }

    /// What follows a token.
    #[must_use]
    pub fn after(&self, token: u32) -> u32 {
        self.next.get(&token).copied().unwrap_or(self.otherwise)
    }
}

impl TextModel for Successors {
    fn reply(&self, _request: &TextRequest<'_>) -> Continuation {
        let puppet = self.clone();
        Continuation::source(move |context: TokenContext<'_>| {
            let last = context.generated.last().or(context.prompt.last());
            last.map_or(puppet.otherwise, |last| puppet.after(*last))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{engine::SamplingParams, tokenizer::Tokenizer};

    #[test]
    fn a_script_plays_from_wherever_the_prompt_ends() {
        let tokenizer = Tokenizer::byte_level();
        let puppet = Successors::otherwise(256).script(&[1, 2, 3, 4]).with(4, 2);
        let request = TextRequest::new("", &[], &tokenizer);
        let Continuation::Source(mut source) = puppet.reply(&request) else { panic!("it has no end") };
        let sampling = SamplingParams::new(NonZeroU32::MIN);
        let mut after = |prompt: &[u32], generated: &[u32]| {
            source.next(TokenContext { prompt, generated, key: 0, vocab_size: 300, sampling: &sampling })
        };
        assert_eq!(after(&[9, 1], &[]), 2);
        assert_eq!(after(&[9, 1], &[2, 3, 4]), 2);
        assert_eq!(after(&[9], &[]), 256);
    }
}
