//! Common English words, most of them one token in the vocabularies of today's models.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use xxhash_rust::xxh3::xxh3_64;

const WORDS: [&str; 128] = [
    "about",
    "after",
    "again",
    "air",
    "all",
    "along",
    "also",
    "always",
    "and",
    "animal",
    "answer",
    "around",
    "ask",
    "back",
    "before",
    "below",
    "between",
    "big",
    "book",
    "both",
    "boy",
    "car",
    "change",
    "children",
    "city",
    "close",
    "come",
    "could",
    "country",
    "cut",
    "day",
    "different",
    "does",
    "down",
    "each",
    "earth",
    "eat",
    "end",
    "enough",
    "even",
    "every",
    "example",
    "eye",
    "face",
    "family",
    "far",
    "father",
    "few",
    "find",
    "first",
    "follow",
    "food",
    "found",
    "give",
    "good",
    "great",
    "group",
    "grow",
    "hand",
    "hard",
    "have",
    "head",
    "help",
    "here",
    "high",
    "home",
    "house",
    "idea",
    "important",
    "keep",
    "kind",
    "know",
    "land",
    "large",
    "last",
    "late",
    "learn",
    "leave",
    "left",
    "letter",
    "life",
    "light",
    "line",
    "list",
    "little",
    "live",
    "long",
    "look",
    "made",
    "man",
    "mean",
    "might",
    "mile",
    "more",
    "most",
    "mother",
    "move",
    "music",
    "must",
    "name",
    "near",
    "need",
    "never",
    "new",
    "next",
    "night",
    "number",
    "often",
    "old",
    "open",
    "other",
    "over",
    "page",
    "paper",
    "part",
    "people",
    "place",
    "plant",
    "play",
    "point",
    "right",
    "river",
    "run",
    "school",
    "second",
    "sentence",
    "small",
    "story",
];

/// A generator for this piece of text: the same for the same numbers.
pub(super) fn generator(seed: u64, purpose: u64, index: u64) -> ChaCha8Rng {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose.to_le_bytes());
    key[16..].copy_from_slice(&index.to_le_bytes());
    ChaCha8Rng::seed_from_u64(xxh3_64(&key))
}

/// Appends `count` random words, each after a space unless the text is empty.
pub(super) fn push_words(text: &mut String, count: usize, rng: &mut ChaCha8Rng) {
    for _ in 0..count {
        push_word(text, (rng.next_u32() >> 25) as usize);
    }
}

/// Appends words that no other number has: its digits to the base of 128, five of them.
pub(super) fn push_number(text: &mut String, number: u64) {
    for digit in 0..NUMBER_WORDS {
        push_word(text, usize::try_from((number >> (7 * digit)) & 127).unwrap_or(0));
    }
}

/// Words of a number.
pub(super) const NUMBER_WORDS: usize = 5;

fn push_word(text: &mut String, word: usize) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(WORDS[word % WORDS.len()]);
}
