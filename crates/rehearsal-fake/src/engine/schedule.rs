//! What goes into a step (`v1/core/sched/scheduler.py`, `schedule`): running requests first, then waiting ones,
//! within the token budget, the batch limit and the free blocks.

use super::{
    Engine, Event, EventSink, FinishReason, Nanos, PrefixCacheReads, SchedulingPolicy, StepAccount, StepLoad,
    core::StepUnderWay,
    kv_cache::Origin,
    sequence::{Place, Sequence},
};

/// What a step is made of so far.
#[derive(Debug)]
pub(super) struct Plan {
    start: Nanos,
    budget: u32,
    decode: u32,
    prefill_tokens: u32,
    batch: u32,
    preempted: u32,
}

impl Plan {
    /// A step of `decode` requests so far.
    pub(super) fn decoding(start: Nanos, budget: u32, decode: u32) -> Self {
        Self { start, budget: budget - decode, decode, prefill_tokens: 0, batch: decode, preempted: 0 }
    }

    fn add(&mut self, sequence: &mut Sequence, tokens: u32) {
        sequence.in_step = tokens;
        self.budget -= tokens;
        self.batch += 1;
        *self.share_of(sequence) += tokens;
    }

    /// Takes a preempted sequence out again.
    fn withdraw(&mut self, sequence: &mut Sequence) {
        let tokens = std::mem::take(&mut sequence.in_step);
        if tokens == 0 {
            return;
        }
        self.budget += tokens;
        self.batch -= 1;
        *self.share_of(sequence) -= tokens;
    }

    /// The count that the tokens of `sequence` go to; a decode is one token.
    fn share_of(&mut self, sequence: &Sequence) -> &mut u32 {
        if sequence.decodes() { &mut self.decode } else { &mut self.prefill_tokens }
    }
}

impl Engine {
    /// Begins the step whose logical start is `start`. When nothing can be scheduled no step is under way afterwards,
    /// but some request has left the running batch or the engine.
    pub(super) fn begin_step(&mut self, start: Nanos, sink: &mut impl EventSink) {
        self.free_from = start;
        self.admit_arrivals(start);
        let mut plan = Plan::decoding(start, self.config.max_num_batched_tokens, 0);
        self.schedule_running(&mut plan, sink);
        if plan.preempted == 0 {
            self.schedule_waiting(&mut plan, sink);
        }
        if 0 < plan.batch {
            self.launch(&plan);
        }
    }

    /// Sets the step under way.
    pub(super) fn launch(&mut self, plan: &Plan) {
        let load = StepLoad { decode: plan.decode, prefill_tokens: plan.prefill_tokens, kv_tokens: self.kv_tokens };
        self.under_way = Some(StepUnderWay {
            ends_at: plan.start + self.duration(&load, plan.batch),
            account: StepAccount {
                index: self.counters.steps,
                started_at: plan.start,
                decode: plan.decode,
                prefill_tokens: plan.prefill_tokens,
                prompt_tokens: 0,
                generated_tokens: 0,
                kv_tokens: self.kv_tokens,
                running: u32::try_from(self.running.len()).expect("at most `max_num_seqs`"),
                waiting: u32::try_from(self.waiting.len()).expect("at most 2^24 requests are held"),
                preempted: plan.preempted,
            },
        });
    }

    fn duration(&mut self, load: &StepLoad, batch: u32) -> Nanos {
        let exact = self.config.step_time.duration(load);
        let jittered = match &mut self.jitter {
            Some(jitter) => Nanos::from_millis_f64(self.config.step_time.millis(load) * jitter.next_factor()),
            None => exact,
        };
        let stall =
            self.cold_stall.take_if(|stall| stall.min_batch <= batch).map_or(Nanos::ZERO, |stall| stall.duration);
        jittered.max(Nanos::new(1)) + stall
    }

    /// Moves what was submitted until `start` to the waiting queue.
    pub(super) fn admit_arrivals(&mut self, start: Nanos) {
        while let Some(entry) = self.inbox.first_entry().filter(|entry| entry.key().0 <= start) {
            let slot = entry.remove();
            let rank = self.waiting.push(slot, &self.sequences[slot]);
            self.sequences[slot].place = Place::Waiting(rank);
        }
    }

    fn schedule_running(&mut self, plan: &mut Plan, sink: &mut impl EventSink) {
        let mut index = 0;
        while let Some(slot) = self.running.get(index).copied() {
            if plan.budget == 0 {
                return;
            }
            let sequence = &self.sequences[slot];
            let tokens = self.piece(sequence.total_tokens() - sequence.computed).min(plan.budget);
            while !self.grow(slot, tokens) {
                let victim = self.preempt(plan, &mut index, sink);
                if victim == slot {
                    return;
                }
            }
            let sequence = &mut self.sequences[slot];
            plan.add(sequence, tokens);
            self.publish(slot);
            index += 1;
        }
    }

    pub(super) fn schedule_waiting(&mut self, plan: &mut Plan, sink: &mut impl EventSink) {
        while 0 < plan.budget && self.running.len() < self.config.max_num_seqs as usize {
            let Some(slot) = self.waiting.first() else { return };
            let (cached_blocks, total) = self.look_up(slot);
            let cached = cached_blocks * self.config.block_size;
            let wanted = self.piece(total - cached);
            if !self.config.enable_chunked_prefill && plan.budget < wanted {
                return;
            }
            let tokens = wanted.min(plan.budget);
            let sequence = &mut self.sequences[slot];
            sequence.reserve(self.config.block_size);
            let buffers = &mut sequence.buffers;
            let prefix = &buffers.hashes[..cached_blocks as usize];
            if self.cache.admit(&mut buffers.blocks, prefix, cached + tokens).is_err() {
                if !self.running.is_empty() {
                    return;
                }
                self.give_up(plan.start, slot, sink);
                continue;
            }
            if let Place::Waiting(rank) = sequence.place {
                self.waiting.remove(rank);
            }
            sequence.place = Place::Running;
            sequence.computed = cached;
            sequence.published = cached_blocks;
            self.running.push(slot);
            self.kv_tokens += u64::from(total);
            plan.add(&mut self.sequences[slot], tokens);
            self.publish(slot);
            self.tell_scheduled(plan.start, slot, cached, sink);
        }
    }

    /// The piece of `remaining` tokens that one step computes at most.
    fn piece(&self, remaining: u32) -> u32 {
        self.config.long_prefill_token_threshold.map_or(remaining, |threshold| remaining.min(threshold))
    }

    /// Blocks of a waiting request that are cached, and its tokens.
    fn look_up(&mut self, slot: u32) -> (u32, u32) {
        let sequence = &self.sequences[slot];
        let total = sequence.total_tokens();
        if !self.config.enable_prefix_caching || sequence.reads == PrefixCacheReads::Bypassed {
            return (0, total);
        }
        let blocks = self.cache.cached_prefix(&sequence.buffers.hashes, total);
        let blocks = u32::try_from(blocks).expect("a request has fewer blocks than tokens");
        if sequence.preemptions == 0 {
            self.counters.prefix_cache_queries += u64::from(total);
            self.counters.prefix_cache_hits += u64::from(blocks * self.config.block_size);
        }
        (blocks, total)
    }

    fn grow(&mut self, slot: u32, tokens: u32) -> bool {
        let sequence = &mut self.sequences[slot];
        self.cache.grow(&mut sequence.buffers.blocks, sequence.computed + tokens).is_ok()
    }

    /// Makes the blocks findable that this step fills. vLLM does so when it schedules, before they are computed:
    /// a request of the same step already finds them.
    pub(super) fn publish(&mut self, slot: u32) {
        if !self.config.enable_prefix_caching {
            return;
        }
        let block_size = self.config.block_size;
        let sequence = &mut self.sequences[slot];
        let (from, tokens) = (sequence.published, sequence.computed + sequence.in_step);
        if tokens < (from + 1) * block_size {
            return;
        }
        let to = tokens / block_size;
        sequence.published = to;
        let buffers = &mut sequence.buffers;
        let salt = sequence.salt.as_deref();
        let origin = Origin { salt, content_keys: &sequence.content_keys };
        self.hasher.extend(&mut buffers.hashes, &sequence.prompt, &buffers.generated, origin);
        for block in from as usize..to as usize {
            self.cache.publish(buffers.blocks[block], buffers.hashes[block]);
        }
    }

    /// Puts one running request back to waiting and returns its slot. One that is alone and still lacks a block is given up.
    fn preempt(&mut self, plan: &mut Plan, index: &mut usize, sink: &mut impl EventSink) -> u32 {
        let position = self.victim();
        let slot = self.running.remove(position);
        if position < *index {
            *index -= 1;
        }
        plan.withdraw(&mut self.sequences[slot]);
        self.leave_batch(slot);
        if self.running.is_empty() {
            self.give_up(plan.start, slot, sink);
            return slot;
        }
        plan.preempted += 1;
        self.counters.preemptions += 1;
        let rank = self.waiting.push_front(slot, &self.sequences[slot]);
        let sequence = &mut self.sequences[slot];
        sequence.place = Place::Waiting(rank);
        sequence.computed = 0;
        sequence.preemptions += 1;
        sink.event(Event::Preempted { at: plan.start, id: sequence.id });
        slot
    }

    /// The position of the running request to preempt.
    fn victim(&self) -> usize {
        let last = self.running.len() - 1;
        if self.config.scheduling_policy == SchedulingPolicy::Fcfs {
            return last;
        }
        let rank = |position: &usize| {
            let sequence = &self.sequences[self.running[*position]];
            // vLLM's arrival times are never equal; here the later submission counts as the later arrival,
            // or two requests of one instant could preempt each other for ever
            (sequence.priority, sequence.queued_at, sequence.id)
        };
        (0..=last).max_by_key(rank).unwrap_or(last)
    }

    /// Ends a request that the cache cannot hold even alone.
    fn give_up(&mut self, at: Nanos, slot: u32, sink: &mut impl EventSink) {
        if let Place::Waiting(rank) = self.sequences[slot].place {
            self.waiting.remove(rank);
        }
        self.tell_finished(at, slot, FinishReason::Error, sink);
        self.sequences.remove(slot);
    }

    fn tell_scheduled(&mut self, at: Nanos, slot: u32, cached_tokens: u32, sink: &mut impl EventSink) {
        let sequence = &mut self.sequences[slot];
        let id = sequence.id;
        if sequence.scheduled_at.is_some() {
            sink.event(Event::Resumed { at, id, cached_tokens });
            return;
        }
        sequence.scheduled_at = Some(at);
        sequence.cached_tokens = Some(cached_tokens);
        let computed_tokens = sequence.prompt_tokens() - cached_tokens;
        sink.event(Event::Scheduled { at, id, queued_at: sequence.queued_at, cached_tokens, computed_tokens });
    }
}
