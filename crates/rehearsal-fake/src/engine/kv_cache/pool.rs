//! Blocks with reference counts, and an index of them by content.

use super::{BlockHash, free_queue::FreeQueue};

/// The end of a chain in the index.
const NONE: u32 = u32::MAX;

/// All blocks of the cache.
///
/// The index is a hash table with chains threaded through the blocks: it never allocates after the start,
/// and several blocks may have the same content, as in vLLM, where two requests computed it side by side. The earliest is found.
#[derive(Debug)]
pub(super) struct BlockPool {
    holders: Vec<u32>,
    content: Vec<Option<BlockHash>>,
    free: FreeQueue,
    buckets: Vec<u32>,
    next_in_bucket: Vec<u32>,
}

impl BlockPool {
    /// All blocks free and empty; the first is vLLM's placeholder and never handed out.
    pub(super) fn new(blocks: u32) -> Self {
        let mut free = FreeQueue::full(blocks);
        free.pop_front();
        let count = blocks as usize;
        Self {
            holders: vec![0; count],
            content: vec![None; count],
            free,
            buckets: vec![NONE; count.next_power_of_two()],
            next_in_bucket: vec![NONE; count],
        }
    }

    pub(super) fn usable(&self) -> u32 {
        u32::try_from(self.holders.len() - 1).expect("built from a u32")
    }

    pub(super) const fn free(&self) -> u32 {
        self.free.len()
    }

    /// Whether nobody holds the block.
    pub(super) fn is_free(&self, block: u32) -> bool {
        self.holders[block as usize] == 0
    }

    /// The earliest block with this content.
    pub(super) fn find(&self, hash: BlockHash) -> Option<u32> {
        let mut block = self.buckets[self.bucket(hash)];
        while block != NONE {
            if self.content[block as usize] == Some(hash) {
                return Some(block);
            }
            block = self.next_in_bucket[block as usize];
        }
        None
    }

    /// The least recently freed block, emptied.
    pub(super) fn take(&mut self) -> Option<u32> {
        let block = self.free.pop_front()?;
        self.forget(block);
        self.holders[block as usize] = 1;
        Some(block)
    }

    /// One more holder of a block that was found.
    pub(super) fn hold(&mut self, block: u32) {
        if self.is_free(block) {
            self.free.remove(block);
        }
        self.holders[block as usize] += 1;
    }

    /// One holder fewer; without any the block is free, and keeps its content until it is taken.
    pub(super) fn release(&mut self, block: u32) {
        self.holders[block as usize] -= 1;
        if self.is_free(block) {
            self.free.push_back(block);
        }
    }

    /// Makes the block findable by its content.
    pub(super) fn publish(&mut self, block: u32, hash: BlockHash) {
        if self.content[block as usize].is_some() {
            return;
        }
        self.content[block as usize] = Some(hash);
        self.next_in_bucket[block as usize] = NONE;
        let bucket = self.bucket(hash);
        match self.buckets[bucket] {
            NONE => self.buckets[bucket] = block,
            mut last => {
                while self.next_in_bucket[last as usize] != NONE {
                    last = self.next_in_bucket[last as usize];
                }
                self.next_in_bucket[last as usize] = block;
            }
        }
    }

    /// Forgets the content of every block.
    pub(super) fn forget_all(&mut self) {
        self.content.fill(None);
        self.buckets.fill(NONE);
        self.next_in_bucket.fill(NONE);
    }

    fn forget(&mut self, block: u32) {
        let Some(hash) = self.content[block as usize].take() else { return };
        let after = self.next_in_bucket[block as usize];
        let bucket = self.bucket(hash);
        if self.buckets[bucket] == block {
            self.buckets[bucket] = after;
            return;
        }
        let mut before = self.buckets[bucket];
        while self.next_in_bucket[before as usize] != block {
            before = self.next_in_bucket[before as usize];
        }
        self.next_in_bucket[before as usize] = after;
    }

    const fn bucket(&self, hash: BlockHash) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_of_equal_blocks_is_found_until_it_is_taken() {
        let mut pool = BlockPool::new(4);
        let blocks: Vec<u32> = (0..3).map(|_| pool.take().unwrap()).collect();
        assert_eq!(pool.take(), None);
        for block in &blocks {
            pool.publish(*block, 7);
        }
        assert_eq!(pool.find(7), Some(blocks[0]));
        pool.release(blocks[0]);
        assert_eq!(pool.find(7), Some(blocks[0]), "a free block keeps its content");
        assert_eq!(pool.take(), Some(blocks[0]));
        assert_eq!(pool.find(7), Some(blocks[1]));
    }

    #[test]
    fn forgetting_the_middle_of_a_chain_keeps_the_rest() {
        let mut pool = BlockPool::new(4);
        let blocks: Vec<u32> = (0..3).map(|_| pool.take().unwrap()).collect();
        // hashes that share a bucket: the table has four
        for (block, hash) in blocks.iter().zip([1, 5, 9]) {
            pool.publish(*block, hash);
        }
        pool.release(blocks[1]);
        pool.take();
        assert_eq!([pool.find(1), pool.find(5), pool.find(9)], [Some(blocks[0]), None, Some(blocks[2])]);
    }
}
