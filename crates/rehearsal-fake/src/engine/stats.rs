//! The engine's counters and gauges.

/// Gauges of the moment and counters since the start: what vLLM's `/metrics` needs beside the events.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EngineStats {
    /// Requests in the running batch.
    pub running: usize,
    /// Requests that wait, preempted ones included.
    pub waiting: usize,
    /// Share of the usable KV blocks that some request holds, 0 to 1 (`kv_cache_usage_perc`).
    pub kv_cache_usage: f64,
    /// KV blocks that some request holds.
    pub used_blocks: u32,
    /// KV blocks that requests can have: one fewer than `num_gpu_blocks`, as in vLLM.
    pub usable_blocks: u32,
    /// Counters.
    pub counters: EngineCounters,
}

/// Counters since the engine's start; none ever decreases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineCounters {
    /// Steps ended.
    pub steps: u64,
    /// Tokens looked up in the prefix cache. As in vLLM, a lookup whose blocks then cannot be allocated counts,
    /// a lookup of a preempted request does not.
    pub prefix_cache_queries: u64,
    /// Tokens found by these lookups.
    pub prefix_cache_hits: u64,
    /// Preemptions.
    pub preemptions: u64,
    /// Whole prompts of the requests whose first token came (`prompt_tokens_total`).
    pub prompt_tokens: u64,
    /// The cached part of `prompt_tokens`.
    pub cached_prompt_tokens: u64,
    /// Tokens generated (`generation_tokens_total`).
    pub generation_tokens: u64,
    /// Requests submitted.
    pub submitted: u64,
    /// Requests finished with `stop`.
    pub finished_stop: u64,
    /// Requests finished with `length`.
    pub finished_length: u64,
    /// Requests finished with `abort`.
    pub finished_abort: u64,
    /// Requests finished with `error`.
    pub finished_error: u64,
}

impl EngineCounters {
    /// Requests that are over, whatever the reason.
    #[must_use]
    pub const fn finished(&self) -> u64 {
        self.finished_stop + self.finished_length + self.finished_abort + self.finished_error
    }
}
