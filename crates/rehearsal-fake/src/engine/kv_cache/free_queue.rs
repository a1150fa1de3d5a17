//! The free blocks, least recently freed first: a doubly linked list in two vectors, so that a block in its middle is taken out in one go.

/// Ends of the list and links of blocks that are not in it.
const NONE: u32 = u32::MAX;

/// A queue of block numbers.
#[derive(Debug)]
pub(super) struct FreeQueue {
    previous: Vec<u32>,
    next: Vec<u32>,
    first: u32,
    last: u32,
    len: u32,
}

impl FreeQueue {
    /// The queue of blocks `0..blocks` in their order.
    pub(super) fn full(blocks: u32) -> Self {
        let mut queue = Self {
            previous: vec![NONE; blocks as usize],
            next: vec![NONE; blocks as usize],
            first: NONE,
            last: NONE,
            len: 0,
        };
        for block in 0..blocks {
            queue.push_back(block);
        }
        queue
    }

    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn push_back(&mut self, block: u32) {
        self.previous[block as usize] = self.last;
        self.next[block as usize] = NONE;
        match self.last {
            NONE => self.first = block,
            last => self.next[last as usize] = block,
        }
        self.last = block;
        self.len += 1;
    }

    pub(super) fn pop_front(&mut self) -> Option<u32> {
        let block = self.first;
        if block == NONE {
            return None;
        }
        self.remove(block);
        Some(block)
    }

    /// Takes out a block that is in the queue.
    pub(super) fn remove(&mut self, block: u32) {
        let (previous, next) = (self.previous[block as usize], self.next[block as usize]);
        match previous {
            NONE => self.first = next,
            previous => self.next[previous as usize] = next,
        }
        match next {
            NONE => self.last = previous,
            next => self.previous[next as usize] = previous,
        }
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Oracle: a `VecDeque` searched from end to end.
        #[test]
        fn behaves_like_a_deque(operations in prop::collection::vec((0_u32..3, 0_u32..12), 0..200)) {
            let mut queue = FreeQueue::full(12);
            let mut oracle: VecDeque<u32> = (0..12).collect();
            for (operation, block) in operations {
                let queued = oracle.iter().position(|other| *other == block);
                match (operation, queued) {
                    (0, _) => prop_assert_eq!(queue.pop_front(), oracle.pop_front()),
                    (1, Some(position)) => {
                        queue.remove(block);
                        oracle.remove(position);
                    }
                    (2, None) => {
                        queue.push_back(block);
                        oracle.push_back(block);
                    }
                    _ => {}
                }
                prop_assert_eq!(queue.len() as usize, oracle.len());
            }
            while let Some(block) = oracle.pop_front() {
                prop_assert_eq!(queue.pop_front(), Some(block));
            }
            prop_assert_eq!(queue.pop_front(), None);
        }
    }
}
