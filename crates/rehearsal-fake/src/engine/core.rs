//! The engine: its state, and the order in which steps, arrivals and aborts happen.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ColdStall, EngineConfig, EngineConfigError, EngineCounters, EngineRequest, EngineStats, Event, EventSink,
    FinishReason, Nanos, RequestId, StepAccount, SubmitError,
    fleet::Fleet,
    jitter::Jitter,
    kv_cache::{BlockHasher, KvCache, Origin},
    sequence::{Place, Sequence},
    slab::Slab,
    waiting::WaitingQueue,
};

/// A model of one vLLM engine core: a scheduler, a KV cache and a clock of its own.
///
/// The module's documentation has an example and says what "logical start" means.
#[derive(Debug)]
pub struct Engine {
    pub(super) config: EngineConfig,
    pub(super) cache: KvCache,
    pub(super) hasher: BlockHasher,
    pub(super) sequences: Slab,
    /// Submitted after the logical start of the step under way.
    pub(super) inbox: BTreeMap<(Nanos, RequestId), u32>,
    pub(super) waiting: WaitingQueue,
    pub(super) running: Vec<u32>,
    /// The whole running batch but this step's newcomers, or nobody.
    pub(super) fleet: Fleet,
    /// Aborts that have not taken effect.
    aborts: BTreeSet<(Nanos, RequestId)>,
    pub(super) under_way: Option<StepUnderWay>,
    /// The end of the last step: no step begins before it.
    pub(super) free_from: Nanos,
    /// Σ prompt + generated over the running batch.
    pub(super) kv_tokens: u64,
    pub(super) cold_stall: Option<ColdStall>,
    pub(super) jitter: Option<Jitter>,
    pub(super) counters: EngineCounters,
}

/// How steps are gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Each running request in each step.
    StepByStep,
    /// Only those to which something happens, where that is known.
    Jumping,
}

/// A step that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepUnderWay {
    pub(super) ends_at: Nanos,
    pub(super) account: StepAccount,
}

impl Engine {
    /// An idle engine at the start of its clock.
    pub fn new(config: EngineConfig) -> Result<Self, EngineConfigError> {
        config.validate()?;
        Ok(Self {
            cache: KvCache::new(config.num_gpu_blocks, config.block_size),
            hasher: BlockHasher::new(config.block_size),
            sequences: Slab::default(),
            inbox: BTreeMap::new(),
            waiting: WaitingQueue::new(config.scheduling_policy),
            running: Vec::with_capacity(config.max_num_seqs as usize),
            fleet: Fleet::new(config.block_size),
            aborts: BTreeSet::new(),
            under_way: None,
            free_from: Nanos::ZERO,
            kv_tokens: 0,
            cold_stall: config.cold_stall,
            jitter: Jitter::new(config.jitter_sigma, config.seed),
            counters: EngineCounters::default(),
            config,
        })
    }

    /// Takes a request that arrives at `now`. It joins the first step whose logical start is not earlier.
    ///
    /// Advance the engine to `now` first: a request cannot join steps that have already begun.
    pub fn submit(&mut self, now: Nanos, request: EngineRequest) -> Result<RequestId, SubmitError> {
        self.check(&request)?;
        let seed = self.config.seed;
        let slot = self
            .sequences
            .insert(|id, buffers| Sequence::new(id, now, request, seed, buffers))
            .ok_or(SubmitError::TooManyRequests { requests: self.sequences.len() })?;
        let sequence = &mut self.sequences[slot];
        if self.config.enable_prefix_caching {
            let salt = sequence.salt.as_deref();
            let origin = Origin { salt, content_keys: &sequence.content_keys };
            self.hasher.extend(&mut sequence.buffers.hashes, &sequence.prompt, &[], origin);
        }
        self.inbox.insert((now, sequence.id), slot);
        self.counters.submitted += 1;
        Ok(sequence.id)
    }

    /// Aborts a request at `now`; `false` when it is over or unknown.
    ///
    /// [`Event::Finished`] with [`FinishReason::Abort`] follows from the next [`Engine::advance_to`], and no token of an instant >= `now` does.
    /// Its blocks come free at once, or at the end of the step under way. As with [`Engine::submit`], advance to `now` first:
    /// a request that finishes in a step before `now` has finished.
    pub fn abort(&mut self, now: Nanos, id: RequestId) -> bool {
        let known = self.sequences.find(id).is_some_and(|slot| self.sequences[slot].place != Place::Doomed);
        if !known || self.aborts.iter().any(|(_, aborted)| *aborted == id) {
            return false;
        }
        self.aborts.insert((now, id))
    }

    /// Empties the prefix cache; `false` when requests hold blocks, which vLLM refuses, too.
    pub fn reset_prefix_cache(&mut self) -> bool {
        self.cache.reset()
    }

    /// The instant at which there is something to do; `None` for an idle engine.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Nanos> {
        let step = match &self.under_way {
            Some(step) => Some(step.ends_at),
            None => self.next_start(),
        };
        let abort = self.aborts.first().map(|(at, _)| *at);
        step.into_iter().chain(abort).min()
    }

    /// Lets time pass until `now`: ends every step that ends at or before it, and begins those that follow.
    ///
    /// A step that ends exactly at `now` is ended but the next one is left to the next call (with the same `now` or a later one),
    /// which begins it at its logical start with whatever was submitted at or before that.
    pub fn advance_to(&mut self, now: Nanos, sink: &mut impl EventSink) {
        self.land();
        self.advance(now, sink, Pace::StepByStep);
    }

    /// Lets time pass as [`Engine::advance_to`] does, with the same events at the same instants, but for [`Event::Token`], which it leaves out.
    ///
    /// Much faster: a request costs something when it is scheduled, when it fills a KV block and when it is over, not in every step.
    /// [`Finish`](super::Finish) says when its first token came, and [`StepAccount`] how many tokens each step gave. The two ways to let
    /// time pass can be mixed.
    pub fn fast_forward_to(&mut self, now: Nanos, sink: &mut impl EventSink) {
        let mut without_tokens = |event: Event| {
            if !matches!(event, Event::Token { .. }) {
                sink.event(event);
            }
        };
        self.advance(now, &mut without_tokens, Pace::Jumping);
    }

    fn advance(&mut self, now: Nanos, sink: &mut impl EventSink, pace: Pace) {
        loop {
            if let Some(step) = self.under_way {
                if now < step.ends_at {
                    break;
                }
                self.take_aborts(step.ends_at, sink);
                if self.fleet.is_empty() {
                    self.end_step(step, sink);
                } else {
                    self.end_cruise_step(step, sink);
                }
                if step.ends_at == now {
                    break;
                }
                continue;
            }
            let Some(start) = self.next_start().filter(|start| *start <= now) else { break };
            self.take_aborts(start, sink);
            if pace == Pace::StepByStep || !self.begin_cruise_step(start, sink) {
                self.begin_step(start, sink);
            }
        }
        self.take_aborts(now, sink);
    }

    /// Gauges and counters as of the last call.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let (used, usable) = (self.cache.used_blocks(), self.cache.usable_blocks());
        EngineStats {
            running: self.running.len(),
            waiting: self.waiting.len() + self.inbox.len(),
            kv_cache_usage: f64::from(used) / f64::from(usable),
            used_blocks: used,
            usable_blocks: usable,
            counters: self.counters,
        }
    }

    /// What the engine was built with.
    #[must_use]
    pub const fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// The logical start of the next step, when none is under way.
    fn next_start(&self) -> Option<Nanos> {
        if !self.running.is_empty() || !self.waiting.is_empty() {
            return Some(self.free_from);
        }
        self.inbox.first_key_value().map(|((arrival, _), _)| self.free_from.max(*arrival))
    }

    /// Puts the aborts until `now` into effect.
    fn take_aborts(&mut self, now: Nanos, sink: &mut impl EventSink) {
        if self.aborts.first().is_some_and(|(at, _)| *at <= now) {
            self.land();
        }
        while let Some((at, id)) = self.aborts.first().copied().filter(|(at, _)| *at <= now) {
            self.aborts.remove(&(at, id));
            let Some(slot) = self.sequences.find(id) else { continue };
            match self.sequences[slot].place {
                Place::Inbox => {
                    self.inbox.remove(&(self.sequences[slot].queued_at, id));
                }
                Place::Waiting(rank) => self.waiting.remove(rank),
                Place::Running if self.under_way.is_some() => {
                    self.sequences[slot].place = Place::Doomed;
                    self.tell_finished(at, slot, FinishReason::Abort, sink);
                    continue;
                }
                Place::Running => {
                    self.running.retain(|other| *other != slot);
                    self.leave_batch(slot);
                }
                Place::Doomed => continue,
            }
            self.tell_finished(at, slot, FinishReason::Abort, sink);
            self.sequences.remove(slot);
        }
    }

    /// Ends a request that no token ended.
    pub(super) fn tell_finished(&mut self, at: Nanos, slot: u32, reason: FinishReason, sink: &mut impl EventSink) {
        let sequence = &self.sequences[slot];
        self.counters.count_finished(reason);
        sink.event(Event::Finished { at, id: sequence.id, finish: sequence.finish(reason) });
    }

    /// Takes back what a sequence of the running batch holds.
    pub(super) fn leave_batch(&mut self, slot: u32) {
        let sequence = &mut self.sequences[slot];
        self.kv_tokens -= u64::from(sequence.total_tokens());
        self.cache.release(&mut sequence.buffers.blocks);
    }

    fn check(&self, request: &EngineRequest) -> Result<(), SubmitError> {
        let (prompt, sampling) = (request.prompt_tokens.len(), &request.sampling);
        if prompt == 0 {
            return Err(SubmitError::EmptyPrompt);
        }
        let max_model_len = self.config.max_model_len;
        let Some(prompt_tokens) = u32::try_from(prompt).ok().filter(|tokens| *tokens < max_model_len) else {
            return Err(SubmitError::PromptTooLong { prompt_tokens: prompt, max_model_len });
        };
        let (needed_blocks, usable_blocks) =
            (prompt_tokens.div_ceil(self.config.block_size), self.cache.usable_blocks());
        if usable_blocks < needed_blocks {
            return Err(SubmitError::PromptExceedsKvCache { needed_blocks, usable_blocks });
        }
        let (min_tokens, max_tokens) = (sampling.min_tokens, sampling.max_tokens.get());
        if max_tokens < min_tokens {
            return Err(SubmitError::MinTokensAboveMaxTokens { min_tokens, max_tokens });
        }
        if !sampling.stop.is_empty() && self.config.vocabulary.detokenize.is_none() {
            return Err(SubmitError::StopStringsNeedText);
        }
        if let Some(index) = sampling.stop.iter().position(String::is_empty) {
            return Err(SubmitError::EmptyStopString { index });
        }
        match &sampling.allowed_token_ids {
            Some(list) if list.is_empty() => Err(SubmitError::NoTokenAllowed),
            _ => Ok(()),
        }
    }
}
