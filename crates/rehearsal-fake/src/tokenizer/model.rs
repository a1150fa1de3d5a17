//! The tokenizer as everyone else sees it.

use std::{borrow::Cow, fmt, sync::Arc};

use super::{TokenizerError, json, literal, pieces::Pieces, recent::Recent};
use crate::engine::{Detokenize, Vocabulary};

/// Turns text into token ids and ids into bytes; cheap to clone.
///
/// ```
/// use rehearsal_fake::tokenizer::Tokenizer;
///
/// let tokenizer = Tokenizer::byte_level();
/// assert_eq!(tokenizer.encode("hé").len(), 3);
/// assert_eq!(tokenizer.decode(&tokenizer.encode("hé")), "hé");
/// ```
#[derive(Clone)]
pub struct Tokenizer {
    shared: Arc<Shared>,
    eos_token_ids: Arc<[u32]>,
}

struct Shared {
    encoder: Encoder,
    pieces: Pieces,
    recent: Recent,
}

enum Encoder {
    Literal,
    HuggingFace(Box<tokenizers::Tokenizer>),
}

/// Whether the tokenizer puts its own special tokens around a text, such as Llama's `<|begin_of_text|>`.
///
/// vLLM's request field `add_special_tokens`: by default on for completions, off for chat (its template writes them).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialTokens {
    /// Only those that the text itself spells.
    AsWritten,
    /// Those, and what the tokenizer's post-processor adds.
    Added,
}

impl Tokenizer {
    /// The built-in one: a token a byte, and `ChatML`'s three special tokens. It needs no file, and a count is a length.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "only if the built-in data were broken, which tests rule out")]
    pub fn byte_level() -> Self {
        let pieces = literal::pieces().expect("the built-in vocabulary has every byte");
        Self::new(Encoder::Literal, pieces)
    }

    /// A model's own tokenizer, from the contents of its `tokenizer.json`.
    ///
    /// The end-of-sequence tokens are found by their usual names; where a model has others, name them with
    /// [`with_eos_token_ids`](Self::with_eos_token_ids).
    pub fn from_json(json: &[u8]) -> Result<Self, TokenizerError> {
        let (tokenizer, pieces) = json::read(json)?;
        Ok(Self::new(Encoder::HuggingFace(Box::new(tokenizer)), pieces))
    }

    fn new(encoder: Encoder, pieces: Pieces) -> Self {
        let eos_token_ids = pieces.eos_token_ids.as_slice().into();
        Self { shared: Arc::new(Shared { encoder, pieces, recent: Recent::default() }), eos_token_ids }
    }

    /// Other end-of-sequence tokens: first the tokenizer's own, then the rest of `generation_config.json`'s list.
    pub fn with_eos_token_ids(mut self, token_ids: impl Into<Arc<[u32]>>) -> Result<Self, TokenizerError> {
        let token_ids = token_ids.into();
        let vocab_size = self.vocab_size();
        if let Some(token_id) = token_ids.iter().copied().find(|id| vocab_size <= *id) {
            return Err(TokenizerError::UnknownEos { token_id, vocab_size });
        }
        self.eos_token_ids = token_ids;
        Ok(self)
    }

    /// The tokens of a text, special tokens in it recognised, none added.
    #[must_use]
    pub fn encode(&self, text: &str) -> Vec<u32> {
        self.encode_with(text, SpecialTokens::AsWritten)
    }

    /// The tokens of a text.
    #[must_use]
    pub fn encode_with(&self, text: &str, special_tokens: SpecialTokens) -> Vec<u32> {
        match &self.shared.encoder {
            Encoder::Literal => literal::encode(text),
            Encoder::HuggingFace(tokenizer) => {
                let added = special_tokens == SpecialTokens::Added;
                self.shared.recent.encode(text, added, || json::encode(tokenizer, &self.shared.pieces, text, added))
            }
        }
    }

    /// The text of tokens, special ones included, U+FFFD for what is not UTF-8.
    #[must_use]
    pub fn decode(&self, tokens: &[u32]) -> String {
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| self.token_bytes(*token)).copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The bytes of one token; an unknown id has none.
    #[must_use]
    pub fn token_bytes(&self, token_id: u32) -> &[u8] {
        self.shared.pieces.bytes(token_id)
    }

    /// Whether the token is left out of the text by `skip_special_tokens`.
    #[must_use]
    pub fn is_special(&self, token_id: u32) -> bool {
        self.shared.pieces.is_special(token_id)
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocab_size(&self) -> u32 {
        self.shared.pieces.len()
    }

    /// The tokens that end a reply; the first one is the end-of-sequence token proper.
    #[must_use]
    pub fn eos_token_ids(&self) -> &[u32] {
        &self.eos_token_ids
    }

    /// The same vocabulary, as the engine needs it.
    #[must_use]
    pub fn vocabulary(&self) -> Vocabulary {
        let mut vocabulary = Vocabulary::new(self.vocab_size());
        if let Some((eos, secondary)) = self.eos_token_ids.split_first() {
            vocabulary.eos_token_id = Some(*eos);
            vocabulary.secondary_eos_token_ids = secondary.to_vec();
        }
        vocabulary.detokenize = Some(Arc::new(self.clone()));
        vocabulary
    }
}

impl Default for Tokenizer {
    fn default() -> Self {
        Self::byte_level()
    }
}

impl Detokenize for Tokenizer {
    fn token_bytes(&self, token_id: u32) -> Cow<'_, [u8]> {
        Cow::Borrowed(Self::token_bytes(self, token_id))
    }

    fn is_special(&self, token_id: u32) -> bool {
        Self::is_special(self, token_id)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("vocab_size", &self.vocab_size())
            .field("eos_token_ids", &self.eos_token_ids)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_vocabulary_ends_with_chatml() {
        let tokenizer = Tokenizer::byte_level();
        assert_eq!(tokenizer.vocab_size(), 259);
        assert_eq!(tokenizer.eos_token_ids(), [258, 256]);
        assert_eq!(tokenizer.vocabulary().secondary_eos_token_ids, [256]);
        assert!(tokenizer.is_special(257) && !tokenizer.is_special(255));
        assert_eq!(tokenizer.token_bytes(259), b"");
    }

    #[test]
    fn an_unknown_end_of_sequence_is_refused() {
        let error = Tokenizer::byte_level().with_eos_token_ids([258, 259]).expect_err("259 is beyond");
        assert_eq!(error.to_string(), "end-of-sequence id 259 must be < 259, the size of the vocabulary");
    }

    #[test]
    fn a_file_that_is_no_tokenizer_is_refused() {
        for json in [&b"{}"[..], b"\xff", b"\x1f\x8b\x08"] {
            assert!(matches!(Tokenizer::from_json(json), Err(TokenizerError::Unreadable { .. })));
        }
    }
}
