//! What the `vllm:` families count: fed by the engine's events, as vLLM's Python frontend counts them (`v1/metrics/loggers.py`, `v1/metrics/stats.py`).

use std::collections::BTreeMap;

use super::histogram::{self, Histogram};
use crate::{
    driver::{Submitted, Ticket},
    engine::{EngineStats, Event, Finish, FinishReason, Nanos},
    version::Frontend,
};

/// A request under way.
#[derive(Debug)]
struct Open {
    submitted: Submitted,
    last_token: BTreeMap<u32, Nanos>,
    /// Cached prompt tokens by sequence.
    cached: BTreeMap<u32, u32>,
    /// Per prompt (`n` sequences): how many are over, and the longest of them.
    prompts: BTreeMap<u32, (u32, u32)>,
    over: u32,
}

/// Counters and histograms of one engine.
#[derive(Debug)]
pub(crate) struct EngineMetrics {
    frontend: Frontend,
    open: BTreeMap<Ticket, Open>,
    pub(super) stats: EngineStats,
    success: BTreeMap<FinishReason, u64>,
    rejections: BTreeMap<&'static str, u64>,
    /// Of the step under way: cached tokens of the prompts whose first token has come.
    cached_in_step: u64,
    /// Looked up in the cache of images, and found.
    images: (u64, u64),
    images_to_tell: (u64, u64),
    sleep_level: u32,
    pub(super) prompt_tokens: Histogram,
    pub(super) generation_tokens: Histogram,
    /// Tokens of each step, prompts counted whole.
    pub(super) iteration_tokens: Histogram,
    /// The same without the prompts' cached tokens.
    pub(super) iteration_computed_tokens: Histogram,
    pub(super) max_generation_tokens: Histogram,
    pub(super) params_n: Histogram,
    pub(super) params_max_tokens: Histogram,
    pub(super) ttft: Histogram,
    pub(super) itl: Histogram,
    pub(super) tpot: Histogram,
    pub(super) e2e: Histogram,
    pub(super) queue: Histogram,
    pub(super) inference: Histogram,
    pub(super) prefill: Histogram,
    pub(super) decode: Histogram,
    pub(super) prefill_computed: Histogram,
    pub(super) preemptions: Histogram,
}

impl EngineMetrics {
    pub(crate) fn new(frontend: Frontend, max_model_len: u32) -> Self {
        let tokens = match frontend {
            Frontend::Python => Histogram::new(&histogram::token_counts(max_model_len)),
            Frontend::Rust => Histogram::new(histogram::TOKEN_COUNTS),
        };
        let seconds = Histogram::new(histogram::REQUEST_SECONDS);
        Self {
            frontend,
            open: BTreeMap::new(),
            stats: EngineStats::default(),
            success: BTreeMap::new(),
            rejections: BTreeMap::new(),
            cached_in_step: 0,
            images: (0, 0),
            images_to_tell: (0, 0),
            sleep_level: 0,
            prompt_tokens: tokens.clone(),
            generation_tokens: tokens.clone(),
            iteration_tokens: Histogram::new(histogram::STEP_TOKENS),
            iteration_computed_tokens: Histogram::new(histogram::STEP_TOKENS),
            max_generation_tokens: tokens.clone(),
            params_n: Histogram::new(histogram::CHOICES),
            params_max_tokens: tokens.clone(),
            ttft: Histogram::new(histogram::TTFT_SECONDS),
            itl: Histogram::new(histogram::ITL_SECONDS),
            tpot: Histogram::new(histogram::ITL_SECONDS),
            e2e: seconds.clone(),
            queue: seconds.clone(),
            inference: seconds.clone(),
            prefill: seconds.clone(),
            decode: seconds,
            prefill_computed: tokens,
            preemptions: Histogram::new(histogram::PREEMPTIONS),
        }
    }

    pub(crate) fn submitted(&mut self, submitted: Submitted) {
        let open =
            Open { submitted, last_token: BTreeMap::new(), cached: BTreeMap::new(), prompts: BTreeMap::new(), over: 0 };
        self.open.insert(submitted.ticket, open);
        let (images, known) = std::mem::take(&mut self.images_to_tell);
        self.images = (self.images.0 + images, self.images.1 + known);
    }

    /// Images were processed, of which so many were known. They are told with the next request: one that fails tells nothing.
    pub(crate) fn images_processed(&mut self, images: u64, known: u64) {
        self.images_to_tell = (self.images_to_tell.0 + images, self.images_to_tell.1 + known);
    }

    /// Images looked up in the cache, and those found.
    pub(super) fn images(&self) -> (u64, u64) {
        self.images
    }

    /// How deep the engine sleeps: 0 is awake.
    pub(crate) fn sleeps(&mut self, level: u32) {
        self.sleep_level = level;
    }

    /// The same.
    pub(super) fn sleep_level(&self) -> u32 {
        self.sleep_level
    }

    /// The server refused a request for this limit.
    pub(crate) fn rejected(&mut self, limit: &'static str) {
        *self.rejections.entry(limit).or_default() += 1;
    }

    /// How many requests that limit refused.
    pub(super) fn rejections(&self, limit: &str) -> u64 {
        self.rejections.get(limit).copied().unwrap_or(0)
    }

    /// How many sequences ended for that reason.
    pub(super) fn finished_with(&self, reason: FinishReason) -> u64 {
        self.success.get(&reason).copied().unwrap_or(0)
    }

    pub(crate) fn happened(&mut self, events: &[(Event, Option<(Ticket, u32)>)], stats: &EngineStats) {
        self.stats = *stats;
        for (event, route) in events {
            match (*event, *route) {
                (Event::Scheduled { cached_tokens, .. }, Some((ticket, choice))) => {
                    if let Some(open) = self.open.get_mut(&ticket) {
                        open.cached.insert(choice, cached_tokens);
                    }
                }
                (Event::Token { at, index, .. }, Some((ticket, choice))) => self.token(ticket, choice, at, index),
                (Event::Finished { at, finish, .. }, Some((ticket, choice))) => {
                    self.finished(ticket, choice, at, &finish);
                }
                // only steps that bring a token reach vLLM's frontend
                (Event::StepEnded { step, .. }, _) if 0 < step.generated_tokens => {
                    let tokens = step.prompt_tokens + u64::from(step.generated_tokens);
                    let cached = std::mem::take(&mut self.cached_in_step);
                    self.iteration_tokens.observe(tokens as f64);
                    self.iteration_computed_tokens.observe(tokens.saturating_sub(cached) as f64);
                }
                _ => {}
            }
        }
    }

    fn token(&mut self, ticket: Ticket, choice: u32, at: Nanos, index: u32) {
        let Some(open) = self.open.get_mut(&ticket) else { return };
        let before = open.last_token.insert(choice, at);
        if index == 0 {
            self.cached_in_step += u64::from(open.cached.get(&choice).copied().unwrap_or(0));
        }
        match before {
            _ if index == 0 => self.ttft.observe(at.saturating_sub(open.submitted.at).as_secs_f64()),
            Some(before) => self.itl.observe(at.saturating_sub(before).as_secs_f64()),
            None => {}
        }
    }

    fn finished(&mut self, ticket: Ticket, choice: u32, at: Nanos, finish: &Finish) {
        let Some(open) = self.open.get_mut(&ticket) else { return };
        open.over += 1;
        let (params, all_over) = (open.submitted, open.over == open.submitted.sequences);
        let prompt = open.prompts.entry(choice / params.n.max(1)).or_default();
        prompt.0 += 1;
        prompt.1 = prompt.1.max(finish.completion_tokens);
        let (prompt_over, longest) = (prompt.0 == params.n, prompt.1);
        if all_over {
            self.open.remove(&ticket);
        }
        if finish.reason == FinishReason::Abort && self.frontend == Frontend::Python {
            // the Python frontend forgets an aborted request before its output comes (issue #31503 of vLLM)
            return;
        }
        *self.success.entry(finish.reason).or_default() += 1;
        if prompt_over {
            self.params_n.observe(f64::from(params.n));
            self.max_generation_tokens.observe(f64::from(longest));
        }
        self.params_max_tokens.observe(f64::from(params.max_tokens));
        self.prompt_tokens.observe(f64::from(finish.prompt_tokens));
        self.generation_tokens.observe(f64::from(finish.completion_tokens));
        let computed = finish.prompt_tokens.saturating_sub(finish.cached_tokens.unwrap_or(0));
        self.prefill_computed.observe(f64::from(computed));
        self.preemptions.observe(f64::from(finish.preemptions));
        self.e2e.observe(at.saturating_sub(finish.queued_at).as_secs_f64());
        let (Some(scheduled), Some(first)) = (finish.scheduled_at, finish.first_token_at) else { return };
        let decode = at.saturating_sub(first).as_secs_f64();
        self.queue.observe(scheduled.saturating_sub(finish.queued_at).as_secs_f64());
        self.prefill.observe(first.saturating_sub(scheduled).as_secs_f64());
        self.inference.observe(at.saturating_sub(scheduled).as_secs_f64());
        self.decode.observe(decode);
        let gaps = finish.completion_tokens.saturating_sub(1);
        self.tpot.observe(if gaps == 0 { 0.0 } else { decode / f64::from(gaps) });
    }
}
