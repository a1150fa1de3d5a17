//! The text of a sequence while it grows.

use super::Tokenizer;

/// Turns one token after the other into text that is whole UTF-8 at every moment.
///
/// Like vLLM's (`v1/engine/detokenizer.py`, over `DecodeStream` of `tokenizers`): while the text would end with U+FFFD, be it an
/// unfinished character or a byte that can never become one, nothing comes out.
///
/// ```
/// use rehearsal_fake::tokenizer::{IncrementalDetokenizer, Tokenizer};
///
/// let tokenizer = Tokenizer::byte_level();
/// let mut text = IncrementalDetokenizer::new(&tokenizer);
/// assert_eq!(text.push(0xc3), "");
/// assert_eq!(text.push(0xa9), "é");
/// ```
#[derive(Clone, Debug)]
pub struct IncrementalDetokenizer {
    tokenizer: Tokenizer,
    pending: Vec<u8>,
    special_tokens_shown: bool,
}

impl IncrementalDetokenizer {
    /// The text of a new sequence, without special tokens.
    #[must_use]
    pub fn new(tokenizer: &Tokenizer) -> Self {
        Self { tokenizer: tokenizer.clone(), pending: Vec::new(), special_tokens_shown: false }
    }

    /// The same with special tokens spelt out: vLLM's `skip_special_tokens: false`.
    #[must_use]
    pub fn with_special_tokens(mut self) -> Self {
        self.special_tokens_shown = true;
        self
    }

    /// Takes the next token; what it adds to the text, often nothing.
    pub fn push(&mut self, token_id: u32) -> String {
        if self.special_tokens_shown || !self.tokenizer.is_special(token_id) {
            self.pending.extend_from_slice(self.tokenizer.token_bytes(token_id));
        }
        if !ends_with_a_character(&self.pending) {
            return String::new();
        }
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        text
    }

    /// Ends the text: what is pending, U+FFFD for what never became a character. vLLM 0.13 leaves this out of its answers.
    #[must_use]
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.pending).into_owned()
    }
}

/// Whether the last bytes are a whole character other than U+FFFD. The bytes before them cannot matter: no character
/// begins with a continuation byte.
fn ends_with_a_character(bytes: &[u8]) -> bool {
    (1..=bytes.len().min(4)).any(|len| {
        let last = &bytes[bytes.len() - len..];
        std::str::from_utf8(last).is_ok_and(|text| !text.ends_with(char::REPLACEMENT_CHARACTER))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(tokens: &[u32], pushed: &[&str], rest: &str) {
        let mut text = IncrementalDetokenizer::new(&Tokenizer::byte_level());
        let came: Vec<String> = tokens.iter().map(|token| text.push(*token)).collect();
        assert_eq!(came, pushed);
        assert_eq!(text.finish(), rest);
    }

    #[test]
    fn a_character_comes_with_its_last_byte() {
        check(&[0xf0, 0x9f, 0x9a, 0x80, 97], &["", "", "", "🚀", "a"], "");
    }

    #[test]
    fn a_broken_character_waits_for_a_whole_one() {
        check(&[0xf0, 0x9f, 97], &["", "", "\u{fffd}a"], "");
        check(&[97, 0xff], &["a", ""], "\u{fffd}");
    }

    #[test]
    fn special_tokens_have_no_text_unless_asked() {
        check(&[97, 258], &["a", ""], "");
        let mut text = IncrementalDetokenizer::new(&Tokenizer::byte_level()).with_special_tokens();
        assert_eq!(text.push(258), "<|im_end|>");
    }

    proptest! {
        #[test]
        fn the_parts_are_the_lossy_whole(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut text = IncrementalDetokenizer::new(&Tokenizer::byte_level());
            let mut parts: String = bytes.iter().map(|byte| text.push(u32::from(*byte))).collect();
            parts.push_str(&text.finish());
            prop_assert_eq!(parts, String::from_utf8_lossy(&bytes));
        }
    }
}
