//! The texts of late and their tokens: a load test sends the same prompt thousands of times, and tokenising it is a third of
//! what such a request costs the fake.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Texts that are kept: the prompts of a small set, taken in turn.
const TEXTS: usize = 16;

/// The longest text that is kept, in bytes.
const LONGEST: usize = 64 << 10;

/// What was encoded last, latest first.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<VecDeque<Encoded>>);

#[derive(Debug)]
struct Encoded {
    text: Box<str>,
    special_tokens: bool,
    tokens: Arc<[u32]>,
}

impl Recent {
    /// The tokens of a text, encoded only if it is none of the last ones.
    pub(super) fn encode(&self, text: &str, special_tokens: bool, encode: impl FnOnce() -> Vec<u32>) -> Vec<u32> {
        if LONGEST < text.len() {
            return encode();
        }
        let is_it = |encoded: &Encoded| encoded.special_tokens == special_tokens && *encoded.text == *text;
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .find(|encoded| is_it(encoded))
            .map(|encoded| Arc::clone(&encoded.tokens));
        if let Some(tokens) = known {
            return tokens.to_vec();
        }
        let tokens = encode();
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.truncate(TEXTS - 1);
        recent.push_front(Encoded { text: text.into(), special_tokens, tokens: tokens.as_slice().into() });
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_encoded_once_and_forgotten_after_sixteen_others() {
        let recent = Recent::default();
        let encoded = std::cell::Cell::new(0);
        let encode = |text: &str, special| {
            recent.encode(text, special, || {
                encoded.set(encoded.get() + 1);
                vec![u32::from(special), u32::try_from(text.len()).unwrap()]
            })
        };
        for _ in 0..3 {
            assert_eq!((encode("ab", false), encode("ab", true)), (vec![0, 2], vec![1, 2]));
        }
        assert_eq!(encoded.get(), 2);
        (0..15).for_each(|index| drop(encode(&format!("other {index}"), false)));
        assert_eq!((encode("ab", true), encoded.get()), (vec![1, 2], 17), "the other 15 and the latest are kept");
        (0..15).for_each(|index| drop(encode(&format!("another {index}"), false)));
        encode("ab", false);
        assert_eq!(encoded.get(), 33);
    }
}
