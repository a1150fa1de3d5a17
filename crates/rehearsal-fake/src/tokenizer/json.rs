//! The exact encoder: a model's own `tokenizer.json`, read by Hugging Face's `tokenizers`.

use std::{borrow::Cow, str::FromStr};

use serde::Deserialize;
use tokenizers::Tokenizer as HuggingFace;

use super::{
    TokenizerError,
    pieces::{Piece, Pieces},
};

/// How the text of a vocabulary entry spells its bytes.
#[derive(Clone, Copy)]
enum Spelling {
    /// GPT-2's: each byte is a printable character.
    ByteLevel,
    /// `SentencePiece`'s: UTF-8, `▁` for a space, `<0x0A>` for a byte without a piece.
    ByteFallback,
}

/// The part of `tokenizer.json` that says how entries are spelt.
#[derive(Deserialize)]
struct Spelt {
    decoder: Option<Decoder>,
}

#[derive(Deserialize)]
struct Decoder {
    r#type: String,
    #[serde(default)]
    decoders: Vec<Decoder>,
}

impl Decoder {
    fn is_byte_level(&self) -> bool {
        self.r#type == "ByteLevel" || self.decoders.iter().any(Self::is_byte_level)
    }
}

/// Reads the tokenizer and the bytes of all its tokens.
pub(super) fn read(json: &[u8]) -> Result<(HuggingFace, Pieces), TokenizerError> {
    let unreadable = |reason: String| TokenizerError::Unreadable { reason };
    let text = std::str::from_utf8(json).map_err(|error| unreadable(error.to_string()))?;
    let mut tokenizer = HuggingFace::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    // a server passes whole prompts: what a file says about cutting and filling them is for training
    tokenizer.with_truncation(None).map_err(|error| unreadable(error.to_string()))?;
    tokenizer.with_padding(None);
    let spelt: Spelt = serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    let spelling = match spelt.decoder {
        Some(decoder) if decoder.is_byte_level() => Spelling::ByteLevel,
        _ => Spelling::ByteFallback,
    };
    let pieces = pieces(&tokenizer, spelling)?;
    Ok((tokenizer, pieces))
}

fn pieces(tokenizer: &HuggingFace, spelling: Spelling) -> Result<Pieces, TokenizerError> {
    let alphabet = ByteAlphabet::new();
    let added = tokenizer.get_added_tokens_decoder();
    let mut entries: Vec<(u32, String)> =
        tokenizer.get_vocab(true).into_iter().map(|(entry, id)| (id, entry)).collect();
    entries.sort_unstable();
    let mut entries = entries.into_iter().peekable();
    // ids may have holes, so the number of entries is not the number of ids
    let mut next = 0;
    let by_id = std::iter::from_fn(|| {
        entries.peek()?;
        let id = next;
        next += 1;
        let entry = entries.next_if(|(at, _)| *at <= id).map(|(_, entry)| entry).unwrap_or_default();
        // two spellings of one id: the first one counts
        while entries.next_if(|(at, _)| *at <= id).is_some() {}
        Some((id, entry))
    });
    Pieces::new(by_id.map(|(id, entry)| {
        let special = added.get(&id).is_some_and(|token| token.special);
        let bytes = match spelling {
            _ if added.contains_key(&id) => entry.into_bytes(),
            Spelling::ByteLevel => alphabet.bytes(&entry).unwrap_or_else(|| entry.into_bytes()),
            Spelling::ByteFallback => {
                fallback_byte(&entry).map_or_else(|| entry.replace('\u{2581}', " ").into_bytes(), |byte| vec![byte])
            }
        };
        Piece { bytes, special }
    }))
}

/// The byte that an entry such as `<0x0A>` stands for.
fn fallback_byte(entry: &str) -> Option<u8> {
    let hex = entry.strip_prefix("<0x")?.strip_suffix('>')?;
    (hex.len() == 2).then(|| u8::from_str_radix(hex, 16).ok())?
}

/// GPT-2's printable stand-ins for bytes (`bytes_to_unicode` of its `encoder.py`): bytes that print stand for themselves,
/// the others for the characters from U+0100 on, in order.
struct ByteAlphabet {
    /// The byte of each character, by code point; the last stand-in is U+0143.
    by_char: [Option<u8>; 0x144],
}

impl ByteAlphabet {
    fn new() -> Self {
        let mut by_char = [None; 0x144];
        let mut next = 0x100;
        for byte in 0_u8..=255 {
            let prints = matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
            let at = if prints { usize::from(byte) } else { next };
            next += usize::from(!prints);
            by_char[at] = Some(byte);
        }
        Self { by_char }
    }

    /// `None` if a character stands for no byte.
    fn bytes(&self, entry: &str) -> Option<Vec<u8>> {
        entry.chars().map(|c| usize::try_from(u32::from(c)).ok().and_then(|at| *self.by_char.get(at)?)).collect()
    }
}

/// The tokens of a text.
pub(super) fn encode(tokenizer: &HuggingFace, pieces: &Pieces, text: &str, with_special_tokens: bool) -> Vec<u32> {
    match tokenizer.encode_fast(Cow::Borrowed(text), with_special_tokens) {
        Ok(encoding) => encoding.get_ids().to_vec(),
        // cannot happen with a vocabulary that has every byte; if a model refuses nonetheless, its bytes are still the text
        Err(_) => text.bytes().map(|byte| pieces.byte_token(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_alphabet_has_every_byte_once() {
        let alphabet = ByteAlphabet::new();
        let mut bytes: Vec<u8> = alphabet.by_char.iter().flatten().copied().collect();
        bytes.sort_unstable();
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        // GPT-2's vocabulary spells a leading space `Ġ` and a line feed `Ċ`
        assert_eq!(alphabet.bytes("ĠaĊ"), Some(b" a\n".to_vec()));
        assert_eq!(alphabet.bytes("a b"), None);
    }

    #[test]
    fn only_a_whole_fallback_entry_is_a_byte() {
        assert_eq!(fallback_byte("<0x0A>"), Some(10));
        assert_eq!(fallback_byte("<0x0>"), None);
        assert_eq!(fallback_byte("0x0A"), None);
    }
}
