//! The cache of processed images: of each only how many tokens it became.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Images that are remembered. vLLM bounds bytes (`--mm-processor-cache-gb`, 4); at some hundred kilobytes an image that is about as many.
const CAPACITY: usize = 16_384;

/// Which images were processed before; the least recently used one is forgotten first.
#[derive(Debug, Default)]
pub(crate) struct ImageCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    /// Tokens and last use by key.
    images: BTreeMap<u128, (u32, u64)>,
    by_use: BTreeSet<(u64, u128)>,
    uses: u64,
}

impl ImageCache {
    /// Remembers an image as the most recently used one; says whether it was known.
    pub(crate) fn touch(&self, key: u128, tokens: u32) -> bool {
        let mut entries = self.entries();
        entries.uses += 1;
        let now = entries.uses;
        let known = entries.images.insert(key, (tokens, now));
        if let Some((_, before)) = known {
            entries.by_use.remove(&(before, key));
        }
        entries.by_use.insert((now, key));
        if CAPACITY < entries.images.len()
            && let Some((_, oldest)) = entries.by_use.pop_first()
        {
            entries.images.remove(&oldest);
        }
        known.is_some()
    }

    /// The tokens of a known image.
    pub(crate) fn tokens(&self, key: u128) -> Option<u32> {
        self.entries().images.get(&key).map(|(tokens, _)| *tokens)
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        *self.entries() = Entries::default();
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_image_goes_first() {
        let cache = ImageCache::default();
        for key in 0..CAPACITY as u128 {
            assert!(!cache.touch(key, 4));
        }
        assert!(cache.touch(0, 4));
        assert!(!cache.touch(CAPACITY as u128, 5));
        assert_eq!([0, 1, CAPACITY as u128].map(|key| cache.tokens(key)), [Some(4), None, Some(5)]);
        cache.clear();
        assert_eq!(cache.tokens(0), None);
    }
}
