//! Prompts that no run shares with another, so that no prefix cache leaks between runs.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// Makes prompts from the run's seed and a name: the same name gives the same prompt, another name or seed another one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Salt {
    seed: u64,
}

impl Salt {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A short user message. It begins with the salt, so that not even its first block is shared.
    pub(crate) fn text(self, name: &str) -> String {
        let mut random = self.random(name);
        let word: String = (0..8).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect();
        format!("{word}: say something about numbers.")
    }

    /// `count` token ids that every vocabulary has, and that are printable characters: in byte-level ones (GPT-2, Qwen,
    /// Llama 3), where 0 is `!`; in those that begin with three special tokens and the bytes (Llama 2); and in plain bytes.
    pub(crate) fn ids(self, name: &str, count: usize) -> Vec<u32> {
        let mut random = self.random(name);
        (0..count).map(|_| random.random_range(35..=93)).collect()
    }

    /// `count` words of five letters.
    pub(crate) fn words(self, name: &str, count: usize) -> String {
        let mut random = self.random(name);
        let mut word = || -> String { (0..5).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect() };
        (0..count).map(|_| word()).collect::<Vec<_>>().join(" ")
    }

    /// A generator for this name.
    pub(crate) fn random(self, name: &str) -> ChaCha12Rng {
        // FNV-1a keeps equal names equal without a hasher whose keys change between builds
        let name = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        ChaCha12Rng::seed_from_u64(self.seed ^ name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_depend_on_seed_and_name_only() {
        let salt = Salt::new(7);
        assert_eq!(salt.ids("U-01", 5), salt.ids("U-01", 5));
        assert_eq!(salt.ids("U-01", 5), salt.ids("U-01", 9)[..5]);
        assert_ne!(salt.ids("U-01", 5), salt.ids("U-02", 5));
        assert_ne!(salt.text("U-01"), Salt::new(8).text("U-01"));
        assert_eq!(salt.words("x", 3), salt.words("x", 5)[..17]);
        assert!(salt.ids("x", 1000).iter().all(|id| (35..=93).contains(id)));
    }
}
