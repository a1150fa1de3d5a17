//! Why a `tokenizer.json` is of no use here.

use thiserror::Error;

/// Why a tokenizer could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// Hugging Face's `tokenizers` cannot read it.
    #[error("`tokenizer.json` cannot be read: {reason}; give the file of a fast tokenizer, uncompressed")]
    Unreadable {
        /// What `tokenizers` says.
        reason: String,
    },
    /// Tokens cannot be turned into bytes one by one.
    #[error(
        "`tokenizer.json` has no token for the byte {byte:#04x}; only byte-level and byte-fallback vocabularies give exact text back"
    )]
    MissingByte {
        /// The first byte without a token.
        byte: u8,
    },
    /// An end-of-sequence id beyond the vocabulary.
    #[error("end-of-sequence id {token_id} must be < {vocab_size}, the size of the vocabulary")]
    UnknownEos {
        /// As given.
        token_id: u32,
        /// Number of token ids.
        vocab_size: u32,
    },
}
