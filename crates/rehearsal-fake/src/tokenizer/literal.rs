//! The built-in encoder: a token a byte, and a few special tokens by their text.

use super::{
    TokenizerError,
    pieces::{Piece, Pieces},
};

/// Special tokens of the built-in vocabulary, ids from 256: those of `ChatML`.
const SPECIAL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

/// The 256 bytes, then the special tokens.
pub(super) fn pieces() -> Result<Pieces, TokenizerError> {
    let bytes = (0_u8..=255).map(|byte| Piece { bytes: vec![byte], special: false });
    let special = SPECIAL.iter().map(|text| Piece { bytes: text.as_bytes().to_vec(), special: true });
    Pieces::new(bytes.chain(special))
}

/// One token a byte, special tokens recognised.
pub(super) fn encode(text: &str) -> Vec<u32> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let special = (256_u32..).zip(SPECIAL).find(|(_, special)| rest.starts_with(special.as_bytes()));
        if let Some((token_id, special)) = special {
            tokens.push(token_id);
            rest = rest.get(special.len()..).unwrap_or_default();
        } else {
            tokens.push(u32::from(*byte));
            rest = after;
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[u32]) {
        assert_eq!(encode(text), expect);
    }

    #[test]
    fn every_byte_is_a_token_and_special_text_is_one() {
        check("", &[]);
        check("aé", &[97, 0xc3, 0xa9]);
        check("<|im_start|>a<|im_end|>", &[257, 97, 258]);
        check("<|im_en", &[60, 124, 105, 109, 95, 101, 110]);
    }
}
