//! Sequences by slot, found by id without a search.

use std::ops::{Index, IndexMut};

use super::{
    RequestId,
    sequence::{Buffers, Sequence},
};

/// Slots that an id can name.
const MOST_SLOTS: usize = 1 << 24;

/// The sequences an engine holds.
#[derive(Debug, Default)]
pub(super) struct Slab {
    slots: Vec<Option<Sequence>>,
    vacant: Vec<u32>,
    spare: Vec<Buffers>,
    next_sequence: u64,
}

impl Slab {
    /// Keeps a sequence; `None` when all slots are taken.
    pub(super) fn insert(&mut self, make: impl FnOnce(RequestId, Buffers) -> Sequence) -> Option<u32> {
        let slot = match self.vacant.pop() {
            Some(slot) => slot,
            None if self.slots.len() < MOST_SLOTS => {
                self.slots.push(None);
                u32::try_from(self.slots.len() - 1).expect("there are at most 2^24 slots")
            }
            None => return None,
        };
        let id = RequestId::new(self.next_sequence, slot);
        self.next_sequence += 1;
        let buffers = self.spare.pop().unwrap_or_default();
        self.slots[slot as usize] = Some(make(id, buffers));
        Some(slot)
    }

    /// Forgets a sequence and keeps its buffers for another.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Sequence> {
        let mut sequence = self.slots[slot as usize].take()?;
        let mut buffers = std::mem::take(&mut sequence.buffers);
        buffers.clear();
        self.spare.push(buffers);
        self.vacant.push(slot);
        Some(sequence)
    }

    /// The slot of an id that is still held.
    pub(super) fn find(&self, id: RequestId) -> Option<u32> {
        let slot = id.slot();
        let sequence = self.slots.get(slot as usize)?.as_ref()?;
        (sequence.id == id).then_some(slot)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }
}

impl Index<u32> for Slab {
    type Output = Sequence;

    fn index(&self, slot: u32) -> &Sequence {
        self.slots[slot as usize].as_ref().expect("queues name only sequences that are held")
    }
}

impl IndexMut<u32> for Slab {
    fn index_mut(&mut self, slot: u32) -> &mut Sequence {
        self.slots[slot as usize].as_mut().expect("queues name only sequences that are held")
    }
}
