//! The KV cache: blocks, who holds them, and which can be found again by their content.
//!
//! As in vLLM V1 (`v1/core/kv_cache_manager.py`, `block_pool.py`): only full blocks are found again, the last token of a request is always
//! computed, a freed block keeps its content until it is handed out anew, and blocks are handed out least recently freed first.

mod free_queue;
mod hash;
mod pool;

use self::pool::BlockPool;
pub(super) use self::{hash::BlockHash, hash::BlockHasher, hash::Origin};

/// The blocks of one engine.
#[derive(Debug)]
pub(super) struct KvCache {
    pool: BlockPool,
    block_size: u32,
}

/// Not enough free blocks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoFreeBlock;

impl KvCache {
    pub(super) fn new(num_gpu_blocks: u32, block_size: u32) -> Self {
        Self { pool: BlockPool::new(num_gpu_blocks), block_size }
    }

    pub(super) fn usable_blocks(&self) -> u32 {
        self.pool.usable()
    }

    pub(super) fn used_blocks(&self) -> u32 {
        self.pool.usable() - self.pool.free()
    }

    pub(super) fn free_blocks(&self) -> u32 {
        self.pool.free()
    }

    /// Forgets what the blocks hold, unless some are in use.
    pub(super) fn reset(&mut self) -> bool {
        let idle = self.used_blocks() == 0;
        if idle {
            self.pool.forget_all();
        }
        idle
    }

    /// How many leading blocks of a request are cached, at most as many as leave one of its `total_tokens` to compute.
    pub(super) fn cached_prefix(&self, hashes: &[BlockHash], total_tokens: u32) -> usize {
        let most = (total_tokens.saturating_sub(1) / self.block_size) as usize;
        hashes.iter().take(most).take_while(|hash| self.pool.find(**hash).is_some()).count()
    }

    /// Gives a request its cached prefix and the blocks for tokens up to `total_tokens`, or nothing at all.
    pub(super) fn admit(
        &mut self,
        table: &mut Vec<u32>,
        prefix: &[BlockHash],
        total_tokens: u32,
    ) -> Result<(), NoFreeBlock> {
        let found = || prefix.iter().filter_map(|hash| self.pool.find(*hash));
        let fresh = total_tokens.div_ceil(self.block_size) - u32::try_from(prefix.len()).unwrap_or(u32::MAX);
        let revived = found().filter(|block| self.pool.is_free(*block)).count();
        if (self.pool.free() as usize) < fresh as usize + revived {
            return Err(NoFreeBlock);
        }
        for hash in prefix {
            let block = self.pool.find(*hash).expect("the prefix was looked up in this very step");
            self.pool.hold(block);
            table.push(block);
        }
        for _ in 0..fresh {
            table.push(self.pool.take().expect("counted above"));
        }
        Ok(())
    }

    /// Gives a request the blocks it lacks for tokens up to `total_tokens`, or nothing at all.
    pub(super) fn grow(&mut self, table: &mut Vec<u32>, total_tokens: u32) -> Result<(), NoFreeBlock> {
        // the common case first, and without a division: it is met once a token
        if total_tokens as usize <= table.len() * self.block_size as usize {
            return Ok(());
        }
        let lacking = total_tokens.div_ceil(self.block_size) as usize - table.len();
        if (self.pool.free() as usize) < lacking {
            return Err(NoFreeBlock);
        }
        for _ in 0..lacking {
            table.push(self.pool.take().expect("counted above"));
        }
        Ok(())
    }

    /// Makes a full block findable.
    pub(super) fn publish(&mut self, block: u32, hash: BlockHash) {
        self.pool.publish(block, hash);
    }

    /// Gives back all blocks of a request, the last first, so that the tail of a prefix is evicted before its head.
    pub(super) fn release(&mut self, table: &mut Vec<u32>) {
        while let Some(block) = table.pop() {
            self.pool.release(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(tokens: &[u32], block_size: u32) -> Vec<BlockHash> {
        let mut hashes = Vec::new();
        BlockHasher::new(block_size).extend(&mut hashes, tokens, &[], Origin::default());
        hashes
    }

    #[test]
    fn the_last_token_is_always_computed() {
        let mut cache = KvCache::new(9, 4);
        let prompt: Vec<u32> = (0..8).collect();
        let hashes = hashes(&prompt, 4);
        let mut table = Vec::new();
        cache.admit(&mut table, &[], 8).unwrap();
        cache.publish(table[0], hashes[0]);
        cache.publish(table[1], hashes[1]);
        assert_eq!(cache.cached_prefix(&hashes, 8), 1, "a prompt of whole blocks keeps its last block to itself");
        assert_eq!(cache.cached_prefix(&hashes, 9), 2);
    }

    #[test]
    fn the_tail_of_a_freed_prefix_is_evicted_before_its_head() {
        let mut cache = KvCache::new(5, 4);
        let prompt: Vec<u32> = (0..16).collect();
        let hashes = hashes(&prompt, 4);
        let mut table = Vec::new();
        cache.admit(&mut table, &[], 16).unwrap();
        for (block, hash) in table.iter().zip(&hashes) {
            cache.publish(*block, *hash);
        }
        cache.release(&mut table);
        assert_eq!((cache.used_blocks(), cache.cached_prefix(&hashes, 99)), (0, 4));

        let mut other = Vec::new();
        cache.grow(&mut other, 4).unwrap();
        assert_eq!(cache.cached_prefix(&hashes, 99), 3, "one block handed out evicts the last of the chain");
    }

    #[test]
    fn a_cached_block_that_is_free_counts_as_needed() {
        let mut cache = KvCache::new(3, 4);
        let prompt: Vec<u32> = (0..4).collect();
        let hashes = hashes(&prompt, 4);
        let mut first = Vec::new();
        cache.admit(&mut first, &[], 4).unwrap();
        cache.publish(first[0], hashes[0]);
        cache.release(&mut first);

        let mut table = Vec::new();
        assert_eq!(cache.admit(&mut table, &hashes, 12), Err(NoFreeBlock), "one revived and two fresh of two free");
        assert!(table.is_empty());
        cache.admit(&mut table, &hashes, 8).unwrap();
        assert_eq!(cache.used_blocks(), 2);
    }

    #[test]
    fn a_shared_block_is_freed_by_its_last_holder() {
        let mut cache = KvCache::new(4, 4);
        let prompt: Vec<u32> = (0..4).collect();
        let hashes = hashes(&prompt, 4);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        cache.admit(&mut first, &[], 4).unwrap();
        cache.publish(first[0], hashes[0]);
        cache.admit(&mut second, &hashes, 5).unwrap();
        assert_eq!(first[0], second[0]);
        cache.release(&mut first);
        assert_eq!(cache.used_blocks(), 2);
        cache.release(&mut second);
        assert_eq!(cache.used_blocks(), 0);
    }
}
