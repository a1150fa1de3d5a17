//! The part of the running batch whose future is known: requests that decode a token a step until a step that is known beforehand.
//!
//! A member costs nothing in a step in which nothing happens to it. What will happen, a new KV block or its last token, is filed under the
//! step in which it will. Which tokens it generated is settled when somebody can see it: when a full block becomes findable, or when the
//! engine goes back to single steps.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Members by what happens to them next.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// Members that need a block in the steps of one residue modulo the block size; each list in the order of the running batch.
    needing_block: Vec<Vec<(u64, u32)>>,
    /// Last steps, earliest first, then in the order of the running batch.
    finishing: BinaryHeap<Reverse<Last>>,
    /// Orders handed out; they grow along the running batch.
    next_order: u64,
    len: usize,
}

/// A member's last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Last {
    step: u64,
    order: u64,
    slot: u32,
    residue: u32,
}

/// From when on a request decodes a token a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// The first step in which it does so as a member.
    pub(super) first_step: u64,
    /// Its tokens when that step begins.
    pub(super) total_tokens: u32,
}

impl Member {
    /// Its tokens when `step` begins.
    pub(super) fn total_tokens(&self, step: u64) -> u32 {
        self.total_tokens + u32::try_from(step - self.first_step).expect("a member leaves before `max_model_len`")
    }
}

/// A request that joins: it has the KV entries of all its tokens but the newest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joining {
    pub(super) slot: u32,
    pub(super) member: Member,
    /// Steps until it is over, at least one.
    pub(super) steps: u32,
}

impl Fleet {
    pub(super) fn new(block_size: u32) -> Self {
        Self { needing_block: vec![Vec::new(); block_size as usize], ..Self::default() }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in the request that comes last in the running batch.
    pub(super) fn join(&mut self, joining: Joining) {
        let block_size = self.needing_block.len() as u64;
        // a step at whose start a request has `total` tokens needs a block when `total - 1` blocks' worth is full
        let until_full = (block_size + 1 - u64::from(joining.member.total_tokens) % block_size) % block_size;
        let residue = (joining.member.first_step + until_full) % block_size;
        let order = self.next_order;
        self.next_order += 1;
        self.len += 1;
        self.needing_block[usize::try_from(residue).unwrap_or(0)].push((order, joining.slot));
        self.finishing.push(Reverse(Last {
            step: joining.member.first_step + u64::from(joining.steps) - 1,
            order,
            slot: joining.slot,
            residue: u32::try_from(residue).unwrap_or(0),
        }));
    }

    /// Members that need a new block in `step`.
    pub(super) fn needing_block_in(&self, step: u64) -> &[(u64, u32)] {
        let block_size = self.needing_block.len() as u64;
        &self.needing_block[usize::try_from(step % block_size).unwrap_or(0)]
    }

    /// Members whose last block is filled by `step`: those that need another one in the step after it.
    pub(super) fn filling_block_in(&self, step: u64) -> &[(u64, u32)] {
        self.needing_block_in(step + 1)
    }

    /// The next member whose last step is `step`; it leaves.
    pub(super) fn finished_in(&mut self, step: u64) -> Option<u32> {
        let Reverse(last) = self.finishing.peek().filter(|last| last.0.step <= step)?;
        let (order, slot, residue) = (last.order, last.slot, last.residue);
        self.finishing.pop();
        self.len -= 1;
        let alike = &mut self.needing_block[residue as usize];
        if let Ok(position) = alike.binary_search_by_key(&order, |(order, _)| *order) {
            alike.remove(position);
        }
        Some(slot)
    }

    /// Dissolves the fleet.
    pub(super) fn clear(&mut self) {
        self.needing_block.iter_mut().for_each(Vec::clear);
        self.finishing.clear();
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, blocks of 4: with 6 tokens at step 10, the fifth to eighth fill a block in step 12 (8 tokens), and step 13 needs another.
    #[test]
    fn blocks_and_ends_are_filed_under_their_steps() {
        let mut fleet = Fleet::new(4);
        fleet.join(Joining { slot: 7, member: Member { first_step: 10, total_tokens: 6 }, steps: 5 });
        let needing: Vec<u64> = (10..18).filter(|step| !fleet.needing_block_in(*step).is_empty()).collect();
        let filling: Vec<u64> = (10..18).filter(|step| !fleet.filling_block_in(*step).is_empty()).collect();
        assert_eq!((needing, filling), (vec![13, 17], vec![12, 16]));
        assert_eq!(fleet.finished_in(13), None);
        assert_eq!(fleet.finished_in(14), Some(7));
        assert!(fleet.is_empty() && fleet.needing_block_in(17).is_empty());
    }

    #[test]
    fn those_that_end_in_one_step_end_in_the_order_of_the_batch() {
        let mut fleet = Fleet::new(16);
        for (slot, steps) in [(3, 2), (1, 1), (2, 2)] {
            fleet.join(Joining { slot, member: Member { first_step: 0, total_tokens: 5 }, steps });
        }
        assert_eq!((fleet.finished_in(0), fleet.finished_in(0)), (Some(1), None));
        assert_eq!([fleet.finished_in(1), fleet.finished_in(1)], [Some(3), Some(2)]);
    }
}
