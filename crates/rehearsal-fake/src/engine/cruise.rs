//! Jumping ahead: steps in which the batch only decodes, without touching each of its requests.
//!
//! The same scheduler by another route. Single steps ask every running request what it needs; here the fleet knows which few need anything.
//! Whatever it does not know, an abort, a lack of blocks, a prompt that takes several steps, sends the engine back to single steps.

use super::{
    Continuation, Engine, Event, EventSink, FinishReason, Nanos, Vocabulary,
    core::StepUnderWay,
    fleet::{Joining, Member},
    next_token::next_token,
    schedule::Plan,
    sequence::Sequence,
};

impl Engine {
    /// Begins the step whose logical start is `start` with the whole batch in the fleet; `false` when single steps have to do it.
    pub(super) fn begin_cruise_step(&mut self, start: Nanos, sink: &mut impl EventSink) -> bool {
        if self.fleet.is_empty() && !self.take_off() {
            return false;
        }
        let step = self.counters.steps;
        if (self.cache.free_blocks() as usize) < self.fleet.needing_block_in(step).len() {
            self.land();
            return false;
        }
        self.free_from = start;
        self.admit_arrivals(start);
        self.grow_members(step);
        self.publish_members(step);
        let decode = u32::try_from(self.fleet.len()).expect("at most `max_num_seqs`");
        let mut plan = Plan::decoding(start, self.config.max_num_batched_tokens, decode);
        self.schedule_waiting(&mut plan, sink);
        self.launch(&plan);
        true
    }

    /// Ends a step that [`Engine::begin_cruise_step`] began.
    pub(super) fn end_cruise_step(&mut self, step: StepUnderWay, sink: &mut impl EventSink) {
        let StepUnderWay { ends_at, mut account } = step;
        let members = self.fleet.len();
        let index = self.counters.steps;
        self.under_way = None;
        self.free_from = ends_at;
        self.counters.steps += 1;
        self.kv_tokens += members as u64;
        self.counters.generation_tokens += members as u64;
        account.generated_tokens += u32::try_from(members).expect("at most `max_num_seqs`");
        let newcomers = self.running.split_off(members);
        self.finish_members(index, ends_at, sink);
        let mut all_joined = true;
        for slot in newcomers {
            if self.end_step_of(slot, &mut account, step, sink) {
                self.running.push(slot);
                all_joined = all_joined && self.join(slot);
            } else {
                self.leave_batch(slot);
                self.sequences.remove(slot);
            }
        }
        if !all_joined {
            self.land();
        }
        sink.event(Event::StepEnded { at: ends_at, step: account });
    }

    /// Goes back to single steps: every member is given the tokens it has generated.
    pub(super) fn land(&mut self) {
        if self.fleet.is_empty() {
            return;
        }
        let in_step = u32::from(self.under_way.is_some());
        for slot in &self.running {
            let sequence = &mut self.sequences[*slot];
            let Some(member) = sequence.member.take() else { continue };
            let total = member.total_tokens(self.counters.steps);
            settle(sequence, total, &self.config.vocabulary);
            sequence.computed = total - 1;
            sequence.in_step = in_step;
        }
        self.fleet.clear();
    }

    /// Makes members of the whole batch, if every request of it can be one.
    fn take_off(&mut self) -> bool {
        let able = |slot: &u32| can_join(&self.sequences[*slot], &self.config.vocabulary);
        if self.running.is_empty() || !self.running.iter().all(able) {
            return false;
        }
        for position in 0..self.running.len() {
            self.join(self.running[position]);
        }
        true
    }

    /// Makes a member of the request that is last in the batch, if it can be one.
    fn join(&mut self, slot: u32) -> bool {
        let first_step = self.counters.steps;
        let sequence = &mut self.sequences[slot];
        if !can_join(sequence, &self.config.vocabulary) {
            return false;
        }
        let total_tokens = sequence.total_tokens();
        let until_max_tokens = sequence.sampling.max_tokens.get() - sequence.generated_tokens();
        let steps = until_max_tokens.min(self.config.max_model_len - total_tokens);
        let member = Member { first_step, total_tokens };
        sequence.member = Some(member);
        self.fleet.join(Joining { slot, member, steps });
        true
    }

    /// Gives a block to each member that needs one.
    fn grow_members(&mut self, step: u64) {
        for (_, slot) in self.fleet.needing_block_in(step) {
            let blocks = &mut self.sequences[*slot].buffers.blocks;
            let full = u32::try_from(blocks.len()).expect("fewer blocks than tokens") * self.config.block_size;
            self.cache.grow(blocks, full + 1).expect("as many blocks are free as are needed");
        }
    }

    /// Makes the blocks findable that this step fills.
    fn publish_members(&mut self, step: u64) {
        if !self.config.enable_prefix_caching {
            return;
        }
        for position in 0..self.fleet.filling_block_in(step).len() {
            let (_, slot) = self.fleet.filling_block_in(step)[position];
            let sequence = &mut self.sequences[slot];
            let Some(member) = sequence.member else { continue };
            let total = member.total_tokens(step);
            settle(sequence, total, &self.config.vocabulary);
            (sequence.computed, sequence.in_step) = (total - 1, 1);
            self.publish(slot);
        }
    }

    /// Ends the requests whose last step this was.
    fn finish_members(&mut self, step: u64, at: Nanos, sink: &mut impl EventSink) {
        let mut finished = Vec::new();
        while let Some(slot) = self.fleet.finished_in(step) {
            let sequence = &mut self.sequences[slot];
            if let Some(member) = sequence.member.take() {
                // what the last tokens are, nobody will ask; how many they are, the account does
                let generated = member.total_tokens(step + 1) - sequence.prompt_tokens();
                sequence.buffers.generated.resize(generated as usize, 0);
            }
            self.tell_finished(at, slot, FinishReason::Length, sink);
            self.leave_batch(slot);
            self.sequences.remove(slot);
            finished.push(slot);
        }
        let mut leaving = finished.into_iter().peekable();
        self.running.retain(|slot| leaving.next_if_eq(slot).is_none());
    }
}

/// Whether nothing but their number ends this request's tokens, and the next step is a decode.
fn can_join(sequence: &Sequence, vocabulary: &Vocabulary) -> bool {
    sequence.decodes()
        && sequence.unconstrained
        && sequence.text.is_none()
        && sequence.sampling.stop_token_ids.is_empty()
        && matches!(sequence.continuation, Continuation::Drawn)
        && vocabulary.draws_no_end()
}

/// Draws the tokens that a member has generated, up to `total` with its prompt.
fn settle(sequence: &mut Sequence, total: u32, vocabulary: &Vocabulary) {
    while sequence.total_tokens() < total {
        let token = next_token(sequence, vocabulary);
        sequence.buffers.generated.push(token);
    }
}
