//! The text of one reply, as a stream may send it.

use super::{IncrementalDetokenizer, Tokenizer};
use crate::engine::{Finish, LastTokenText, SamplingParams};

/// The text of one reply while it grows, and how much of it may leave.
///
/// The end that could begin a stop string stays here, by vLLM's rule (`v1/engine/detokenizer.py`, `stop_buffer_length`): always as
/// many characters as the longest stop string has, less one, whether or not they look like it; none with
/// `include_stop_str_in_output`. Characters that are unfinished when the reply ends are left out, as vLLM does.
///
/// ```
/// use std::num::NonZeroU32;
/// use rehearsal_fake::{engine::SamplingParams, tokenizer::{GeneratedText, Tokenizer}};
///
/// let tokenizer = Tokenizer::byte_level();
/// let sampling = SamplingParams { stop: vec!["END".into()], ..SamplingParams::new(NonZeroU32::MAX) };
/// let mut text = GeneratedText::new(&tokenizer, &sampling);
/// for token in tokenizer.encode("ab E") {
///     text.push(token);
/// }
/// assert_eq!(text.ready(), "ab");
/// assert_eq!(text.text(), "ab E");
/// ```
#[derive(Clone, Debug)]
pub struct GeneratedText {
    tokenizer: Tokenizer,
    detokenizer: IncrementalDetokenizer,
    special_tokens_shown: bool,
    shows_unfinished: bool,
    held_characters: usize,
    /// The bytes of all tokens, unfinished characters included: what the engine's `text_end` counts.
    bytes: Vec<u8>,
    text: String,
    sent: usize,
    /// Lengths of `bytes` and `text` before the last token.
    before_last: (usize, usize),
}

impl GeneratedText {
    /// The empty reply to a request with these parameters.
    #[must_use]
    pub fn new(tokenizer: &Tokenizer, sampling: &SamplingParams) -> Self {
        let detokenizer = IncrementalDetokenizer::new(tokenizer);
        let special_tokens_shown = !sampling.skip_special_tokens;
        let longest_stop = sampling.stop.iter().map(|stop| stop.chars().count()).max().unwrap_or(0);
        Self {
            tokenizer: tokenizer.clone(),
            detokenizer: if special_tokens_shown { detokenizer.with_special_tokens() } else { detokenizer },
            special_tokens_shown,
            shows_unfinished: false,
            held_characters: if sampling.include_stop_str_in_output { 0 } else { longest_stop.saturating_sub(1) },
            bytes: Vec::new(),
            text: String::new(),
            sent: 0,
            before_last: (0, 0),
        }
    }

    /// The same with characters that are unfinished at the end shown as U+FFFD, as vLLM's Rust frontend does.
    #[must_use]
    pub fn with_unfinished_characters(mut self) -> Self {
        self.shows_unfinished = true;
        self
    }

    /// Takes the next token.
    pub fn push(&mut self, token_id: u32) {
        self.before_last = (self.bytes.len(), self.text.len());
        if self.special_tokens_shown || !self.tokenizer.is_special(token_id) {
            self.bytes.extend_from_slice(self.tokenizer.token_bytes(token_id));
        }
        self.text.push_str(&self.detokenizer.push(token_id));
    }

    /// What can be sent now. Ask only when the last token is known not to have ended the reply: the text of the token that
    /// did may have to be taken back, which is what [`finish`](Self::finish) does.
    pub fn ready(&mut self) -> String {
        let unsent = self.text.get(self.sent..).unwrap_or_default();
        let end = match self.held_characters.checked_sub(1) {
            None => unsent.len(),
            Some(nth) => unsent.char_indices().rev().nth(nth).map_or(0, |(at, _)| at),
        };
        let ready = unsent.get(..end).unwrap_or_default().to_owned();
        self.sent += end;
        ready
    }

    /// Ends the reply as the engine says; what is left to send.
    pub fn finish(&mut self, finish: &Finish) -> String {
        if finish.last_token_text == LastTokenText::Hidden {
            self.bytes.truncate(self.before_last.0);
            self.text.truncate(self.before_last.1);
        }
        if self.shows_unfinished {
            self.text.push_str(&self.detokenizer.clone().finish());
        }
        if let Some(end) = finish.text_end {
            self.bytes.truncate(end);
            self.text = String::from_utf8_lossy(&self.bytes).into_owned();
        }
        let rest = self.text.get(self.sent..).unwrap_or_default().to_owned();
        self.sent = self.text.len();
        rest
    }

    /// The whole text so far, sent or not.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::engine::{FinishReason, Nanos};

    fn sampling(stop: &[&str]) -> SamplingParams {
        SamplingParams { stop: stop.iter().map(ToString::to_string).collect(), ..SamplingParams::new(NonZeroU32::MAX) }
    }

    fn finish(text_end: Option<usize>, last_token_text: LastTokenText) -> Finish {
        Finish {
            reason: FinishReason::Stop,
            stop_reason: None,
            text_end,
            last_token_text,
            prompt_tokens: 1,
            completion_tokens: 1,
            cached_tokens: None,
            preemptions: 0,
            queued_at: Nanos::ZERO,
            scheduled_at: None,
            first_token_at: None,
        }
    }

    /// Pushes the characters of `reply` one by one, a stream's deltas joined by `|`, the last character with the finish.
    #[track_caller]
    fn check(sampling: &SamplingParams, reply: &str, end: &Finish, expect: &str) {
        let mut text = GeneratedText::new(&Tokenizer::byte_level(), sampling);
        let tokens = Tokenizer::byte_level().encode(reply);
        let (last, before) = tokens.split_last().expect("a reply");
        let mut deltas = Vec::new();
        for token in before {
            text.push(*token);
            deltas.push(text.ready());
        }
        text.push(*last);
        deltas.push(text.finish(end));
        assert_eq!(deltas.join("|"), expect);
        assert_eq!(deltas.concat(), text.text());
    }

    #[test]
    fn without_stop_strings_every_character_leaves_at_once() {
        check(&sampling(&[]), "aé", &finish(None, LastTokenText::Kept), "a||é");
    }

    #[test]
    fn no_character_of_a_stop_string_leaves() {
        check(&sampling(&["STOP"]), "abSTOP", &finish(Some(2), LastTokenText::Kept), "|||a|b|");
    }

    #[test]
    fn characters_are_held_not_bytes() {
        check(&sampling(&["€€", "x"]), "aé€b", &finish(None, LastTokenText::Kept), "||a|||é|€b");
    }

    #[test]
    fn a_stop_string_that_is_asked_for_is_not_held() {
        let asked = SamplingParams { include_stop_str_in_output: true, ..sampling(&["ab"]) };
        check(&asked, "xab", &finish(None, LastTokenText::Kept), "x|a|b");
    }

    #[test]
    fn the_text_of_a_stop_token_is_taken_back() {
        check(&sampling(&[]), "abc", &finish(None, LastTokenText::Hidden), "a|b|");
    }

    #[test]
    fn an_unfinished_character_at_the_end_is_left_out() {
        let mut text = GeneratedText::new(&Tokenizer::byte_level(), &sampling(&[]));
        text.push(97);
        text.push(0xc3);
        assert_eq!(text.finish(&finish(None, LastTokenText::Kept)), "a");
    }

    #[test]
    fn a_cut_counts_the_bytes_that_were_no_text() {
        let mut text = GeneratedText::new(&Tokenizer::byte_level(), &sampling(&["b"]));
        for token in [0xff, 97, 98] {
            text.push(token);
        }
        assert_eq!(text.finish(&finish(Some(2), LastTokenText::Kept)), "\u{fffd}a");
    }
}
