//! The content of a block and of everything before it, in 128 bits.

use xxhash_rust::xxh3::xxh3_128;

use crate::engine::ContentKey;

/// The hash of a full block chained over its predecessors: equal hashes mean equal prefixes.
pub(in super::super) type BlockHash = u128;

/// What tells blocks with the same tokens apart.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Origin<'a> {
    pub(in super::super) salt: Option<&'a str>,
    pub(in super::super) content_keys: &'a [ContentKey],
}

/// Hashes blocks of one size; owns the scratch bytes so that hashing allocates nothing.
#[derive(Debug)]
pub(in super::super) struct BlockHasher {
    block_size: usize,
    scratch: Vec<u8>,
}

impl BlockHasher {
    pub(in super::super) fn new(block_size: u32) -> Self {
        Self { block_size: block_size as usize, scratch: Vec::with_capacity(16 + 4 * block_size as usize + 64) }
    }

    /// Adds the hashes of all full blocks of `prompt` followed by `generated` that `hashes` does not have yet.
    /// The salt goes into the first block, and so into all;
    /// a content's key goes into each block that one of its tokens is in (`v1/core/kv_cache_utils.py`, `generate_block_hash_extra_keys`).
    pub(in super::super) fn extend(
        &mut self,
        hashes: &mut Vec<BlockHash>,
        prompt: &[u32],
        generated: &[u32],
        origin: Origin<'_>,
    ) {
        let full = (prompt.len() + generated.len()) / self.block_size;
        for block in hashes.len()..full {
            let (from, to) = (block * self.block_size, (block + 1) * self.block_size);
            self.scratch.clear();
            match block.checked_sub(1) {
                Some(parent) => self.scratch.extend_from_slice(&hashes[parent].to_le_bytes()),
                None => self.scratch.extend_from_slice(&[0; 16]),
            }
            let in_prompt = &prompt[from.min(prompt.len())..to.min(prompt.len())];
            let in_generated = &generated[from.saturating_sub(prompt.len())..to.saturating_sub(prompt.len())];
            for token in in_prompt.iter().chain(in_generated) {
                self.scratch.extend_from_slice(&token.to_le_bytes());
            }
            for content in origin.content_keys {
                if (content.from as usize) < to && from < content.to as usize {
                    self.scratch.extend_from_slice(&content.key.to_le_bytes());
                }
            }
            if let (0, Some(salt)) = (block, origin.salt) {
                self.scratch.extend_from_slice(salt.as_bytes());
            }
            hashes.push(xxh3_128(&self.scratch));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(prompt: &[u32], generated: &[u32], salt: Option<&str>) -> Vec<BlockHash> {
        let mut hashes = Vec::new();
        BlockHasher::new(4).extend(&mut hashes, prompt, generated, Origin { salt, content_keys: &[] });
        hashes
    }

    #[test]
    fn where_the_prompt_ends_does_not_matter() {
        let tokens: Vec<u32> = (0..13).collect();
        let whole = chain(&tokens, &[], None);
        assert_eq!(whole.len(), 3);
        for cut in 0..=tokens.len() {
            assert_eq!(chain(&tokens[..cut], &tokens[cut..], None), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_difference_reaches_every_later_block() {
        let first = chain(&[1, 2, 3, 4, 5, 6, 7, 8], &[], None);
        let second = chain(&[1, 2, 3, 9, 5, 6, 7, 8], &[], None);
        let salted = chain(&[1, 2, 3, 4, 5, 6, 7, 8], &[], Some("a"));
        assert!(first[0] != second[0] && first[1] != second[1]);
        assert!(first[0] != salted[0] && first[1] != salted[1]);
    }

    #[test]
    fn extending_step_by_step_gives_the_same_chain() {
        let tokens: Vec<u32> = (0..32).collect();
        let (mut hasher, mut grown) = (BlockHasher::new(4), Vec::new());
        for end in 0..=tokens.len() {
            hasher.extend(
                &mut grown,
                &tokens[..5.min(end)],
                &tokens[5.min(end)..end],
                Origin { salt: Some("s"), content_keys: &[] },
            );
        }
        assert_eq!(grown, chain(&tokens, &[], Some("s")));
    }

    #[test]
    fn contents_tell_blocks_apart_from_where_they_stand_on() {
        let keyed = |key| {
            let mut hashes = Vec::new();
            let content_keys = [ContentKey { from: 5, to: 7, key }];
            let origin = Origin { salt: None, content_keys: &content_keys };
            BlockHasher::new(4).extend(&mut hashes, &[1; 12], &[], origin);
            hashes
        };
        let (one, other) = (keyed(1), keyed(2));
        assert_eq!(one, keyed(1));
        assert_eq!(one[0], other[0]);
        assert!(one[1] != other[1] && one[2] != other[2]);
    }
}
