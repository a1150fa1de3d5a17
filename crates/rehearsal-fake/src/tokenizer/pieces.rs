//! The bytes of every token, in one table.

use std::ops::Range;

use super::TokenizerError;

/// Text of the end-of-sequence tokens of the well-known chat models, in the order of preference: what ends a turn before what
/// ends a document. `tokenizer.json` does not say which tokens they are (`tokenizer_config.json` and `generation_config.json` do).
const END_OF_SEQUENCE: [&str; 8] =
    ["<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"];

/// The bytes of every token and what is special about it.
#[derive(Debug)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// `bytes` of token `i` are those from `ends[i - 1]` to `ends[i]`.
    ends: Vec<usize>,
    special: Vec<bool>,
    byte_tokens: [u32; 256],
    /// The first one is the end-of-sequence token proper.
    pub(super) eos_token_ids: Vec<u32>,
}

/// One token of the vocabulary.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) special: bool,
}

impl Pieces {
    /// The table of the tokens 0, 1, 2…; every byte must have a token of its own.
    pub(super) fn new(tokens: impl IntoIterator<Item = Piece>) -> Result<Self, TokenizerError> {
        let mut pieces = Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            special: Vec::new(),
            byte_tokens: [0; 256],
            eos_token_ids: Vec::new(),
        };
        let mut byte_tokens = [None; 256];
        let mut eos = [None; END_OF_SEQUENCE.len()];
        for (token_id, piece) in (0_u32..).zip(tokens) {
            if let ([byte], false) = (piece.bytes.as_slice(), piece.special) {
                byte_tokens[usize::from(*byte)].get_or_insert(token_id);
            }
            if piece.special
                && let Some(rank) = END_OF_SEQUENCE.iter().position(|end| end.as_bytes() == piece.bytes)
            {
                eos[rank] = Some(token_id);
            }
            pieces.bytes.extend_from_slice(&piece.bytes);
            pieces.ends.push(pieces.bytes.len());
            pieces.special.push(piece.special);
        }
        for (byte, token_id) in (0_u8..=255).zip(byte_tokens) {
            pieces.byte_tokens[usize::from(byte)] = token_id.ok_or(TokenizerError::MissingByte { byte })?;
        }
        pieces.eos_token_ids = eos.into_iter().flatten().collect();
        Ok(pieces)
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("tokens were numbered with 32 bits")
    }

    /// An unknown token has no bytes.
    pub(super) fn bytes(&self, token_id: u32) -> &[u8] {
        self.range(token_id).and_then(|range| self.bytes.get(range)).unwrap_or_default()
    }

    fn range(&self, token_id: u32) -> Option<Range<usize>> {
        let index = usize::try_from(token_id).ok()?;
        let end = *self.ends.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        Some(start..end)
    }

    pub(super) fn is_special(&self, token_id: u32) -> bool {
        usize::try_from(token_id).ok().and_then(|index| self.special.get(index)).copied().unwrap_or(false)
    }

    /// The token that stands for a single byte.
    pub(super) fn byte_token(&self, byte: u8) -> u32 {
        self.byte_tokens[usize::from(byte)]
    }
}
