//! What comes out of a step (`v1/core/sched/scheduler.py`, `update_from_output`): tokens, and requests that are over.

use super::{
    Engine, EngineCounters, Event, EventSink, Finish, FinishReason, LastTokenText, StepAccount,
    core::StepUnderWay,
    next_token::next_token,
    sequence::{Place, Sequence},
    stop::{self, Stop},
};

impl Engine {
    /// Ends the step under way.
    pub(super) fn end_step(&mut self, step: StepUnderWay, sink: &mut impl EventSink) {
        let StepUnderWay { ends_at, mut account } = step;
        self.under_way = None;
        self.free_from = ends_at;
        self.counters.steps += 1;
        let mut kept = 0;
        for position in 0..self.running.len() {
            let slot = self.running[position];
            if self.end_step_of(slot, &mut account, step, sink) {
                self.running[kept] = slot;
                kept += 1;
            } else {
                self.leave_batch(slot);
                self.sequences.remove(slot);
            }
        }
        self.running.truncate(kept);
        sink.event(Event::StepEnded { at: ends_at, step: account });
    }

    /// Ends the step for one request of the batch and says whether it stays.
    pub(super) fn end_step_of(
        &mut self,
        slot: u32,
        account: &mut StepAccount,
        step: StepUnderWay,
        sink: &mut impl EventSink,
    ) -> bool {
        let sequence = &mut self.sequences[slot];
        if sequence.place == Place::Doomed {
            return false;
        }
        sequence.computed += std::mem::take(&mut sequence.in_step);
        if sequence.computed < sequence.total_tokens() {
            return true;
        }
        let vocabulary = &self.config.vocabulary;
        let (at, id) = (step.ends_at, sequence.id);
        let index = sequence.generated_tokens();
        let token_id = next_token(sequence, vocabulary);
        sequence.buffers.generated.push(token_id);
        self.kv_tokens += 1;
        self.counters.generation_tokens += 1;
        account.generated_tokens += 1;
        if index == 0 {
            sequence.first_token_at = Some(at);
            account.prompt_tokens += u64::from(sequence.prompt_tokens());
            self.counters.prompt_tokens += u64::from(sequence.prompt_tokens());
            self.counters.cached_prompt_tokens += u64::from(sequence.cached_tokens.unwrap_or(0));
        }
        sink.event(Event::Token { at, id, token_id, index });
        let Some(end) = stop::check(sequence, vocabulary, self.config.max_model_len) else { return true };
        self.counters.count_finished(end.reason);
        sink.event(Event::Finished { at, id, finish: sequence.account(end) });
        false
    }
}

impl Sequence {
    /// The account of a request that no token ended.
    pub(super) fn finish(&self, reason: FinishReason) -> Finish {
        self.account(Stop { reason, by: None, text_end: None, last_token_text: LastTokenText::Kept })
    }

    fn account(&self, stop: Stop) -> Finish {
        Finish {
            reason: stop.reason,
            stop_reason: stop.by,
            text_end: stop.text_end,
            last_token_text: stop.last_token_text,
            prompt_tokens: self.prompt_tokens(),
            completion_tokens: self.generated_tokens(),
            cached_tokens: self.cached_tokens,
            preemptions: self.preemptions,
            queued_at: self.queued_at,
            scheduled_at: self.scheduled_at,
            first_token_at: self.first_token_at,
        }
    }
}

impl EngineCounters {
    pub(super) const fn count_finished(&mut self, reason: FinishReason) {
        match reason {
            FinishReason::Stop => self.finished_stop += 1,
            FinishReason::Length => self.finished_length += 1,
            FinishReason::Abort => self.finished_abort += 1,
            FinishReason::Error => self.finished_error += 1,
        }
    }
}
