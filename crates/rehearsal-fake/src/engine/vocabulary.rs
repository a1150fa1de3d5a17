//! What the engine has to know about the model's tokens.

use std::{borrow::Cow, fmt, sync::Arc};

/// The text of single tokens, for stop strings.
pub trait Detokenize: Send + Sync {
    /// The bytes of a token; an unknown id has none. Concatenated over the tokens they are the text, UTF-8 as a whole.
    fn token_bytes(&self, token_id: u32) -> Cow<'_, [u8]>;

    /// Whether `skip_special_tokens` leaves this token out of the text.
    fn is_special(&self, token_id: u32) -> bool {
        let _ = token_id;
        false
    }
}

/// Size, end-of-sequence tokens and, if stop strings are to work, the text of tokens.
#[derive(Clone)]
pub struct Vocabulary {
    /// Number of token ids.
    pub size: u32,
    /// The end-of-sequence token; it ends a request with `stop_reason: null`.
    pub eos_token_id: Option<u32>,
    /// Further end-of-sequence tokens (`generation_config.json`'s list); they end a request with their id as `stop_reason`.
    pub secondary_eos_token_ids: Vec<u32>,
    /// The text of tokens; without it, requests with stop strings are refused.
    pub detokenize: Option<Arc<dyn Detokenize>>,
}

impl Vocabulary {
    /// A vocabulary of `size` ids without end-of-sequence tokens and without text.
    #[must_use]
    pub const fn new(size: u32) -> Self {
        Self { size, eos_token_id: None, secondary_eos_token_ids: Vec::new(), detokenize: None }
    }

    /// Whether a draw among the ordinary tokens surely gives one that ends nothing.
    pub(super) fn draws_no_end(&self) -> bool {
        self.detokenize.is_none() && self.secondary_eos_token_ids.len() + 1 < self.size as usize
    }

    /// Whether this is the end-of-sequence token or one of the secondary ones.
    #[must_use]
    pub fn is_eos(&self, token_id: u32) -> bool {
        self.eos_token_id == Some(token_id) || self.secondary_eos_token_ids.contains(&token_id)
    }
}

impl fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vocabulary")
            .field("size", &self.size)
            .field("eos_token_id", &self.eos_token_id)
            .field("secondary_eos_token_ids", &self.secondary_eos_token_ids)
            .finish_non_exhaustive()
    }
}
