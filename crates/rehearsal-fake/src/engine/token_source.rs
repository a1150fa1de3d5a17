//! Where the next token comes from: the text plug-in's voice in the engine.

use std::{fmt, sync::Arc};

/// What a token source may look at.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TokenContext<'a> {
    /// The prompt.
    pub prompt: &'a [u32],
    /// The tokens generated so far; its length is the index of the token asked for.
    pub generated: &'a [u32],
    /// The key of this request's draws: a hash of the prompt, the request's seed, its choice index and the engine's seed.
    /// It never depends on when or beside whom the request came.
    pub key: u64,
    /// Size of the vocabulary.
    pub vocab_size: u32,
}

/// Says which token a request would generate next. Closures are sources.
///
/// It is asked once per generated token, in order, also after a preemption (tokens once generated are kept).
/// `logit_bias`, `allowed_token_ids`, `bad_words` and `min_tokens` are applied to its answer by the engine.
pub trait TokenSource: Send {
    /// The next token.
    fn next(&mut self, context: TokenContext<'_>) -> u32;
}

impl<F: FnMut(TokenContext<'_>) -> u32 + Send> TokenSource for F {
    fn next(&mut self, context: TokenContext<'_>) -> u32 {
        self(context)
    }
}

/// What the model would say.
#[derive(Default)]
pub enum Continuation {
    /// Seeded draws from the ordinary tokens of the vocabulary, keyed by content and position; never an end of sequence.
    #[default]
    Drawn,
    /// These tokens, then the end-of-sequence token (or draws, in a vocabulary without one).
    Script(Arc<[u32]>),
    /// Whatever this source says.
    Source(Box<dyn TokenSource>),
}

impl Continuation {
    /// A continuation that asks `source`.
    pub fn source(source: impl TokenSource + 'static) -> Self {
        Self::Source(Box::new(source))
    }
}

impl fmt::Debug for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drawn => f.write_str("Drawn"),
            Self::Script(tokens) => f.debug_tuple("Script").field(tokens).finish(),
            Self::Source(_) => f.write_str("Source(..)"),
        }
    }
}

/// One 64-bit draw from a key and a counter (the finalizer of `SplitMix64`, Steele, Lea and Flood 2014).
pub(super) const fn draw(key: u64, counter: u64) -> u64 {
    let mut z = key.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A draw from `0..bound` (Lemire's multiply-shift; its bias of `bound`/2^32 is nothing to a fake).
pub(super) const fn draw_below(key: u64, counter: u64, bound: u32) -> u32 {
    (((draw(key, counter) >> 32) * bound as u64) >> 32) as u32
}
