//! A request while the engine holds it.

use std::sync::Arc;

use super::{
    ContentKey, Continuation, EngineRequest, Nanos, PrefixCacheReads, RequestId, SamplingParams, fleet::Member,
    kv_cache::BlockHash, stop::StopText, token_source::draw, waiting::Rank,
};

/// A request's state. Its vectors are recycled from request to request.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) id: RequestId,
    pub(super) prompt: Arc<[u32]>,
    pub(super) sampling: SamplingParams,
    pub(super) unconstrained: bool,
    pub(super) continuation: Continuation,
    pub(super) salt: Option<String>,
    pub(super) content_keys: Arc<[ContentKey]>,
    pub(super) reads: PrefixCacheReads,
    pub(super) priority: i32,
    pub(super) key: u64,
    pub(super) place: Place,
    /// Tokens whose KV entries exist.
    pub(super) computed: u32,
    /// Tokens computed by the step under way.
    pub(super) in_step: u32,
    /// Leading blocks that others can find.
    pub(super) published: u32,
    pub(super) buffers: Buffers,
    pub(super) text: Option<StopText>,
    /// Set while the fleet decodes for it; `computed`, `in_step` and the generated tokens are then behind.
    pub(super) member: Option<Member>,
    pub(super) queued_at: Nanos,
    pub(super) scheduled_at: Option<Nanos>,
    pub(super) first_token_at: Option<Nanos>,
    pub(super) cached_tokens: Option<u32>,
    pub(super) preemptions: u32,
}

/// Where a sequence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Submitted; the step that may admit it has not begun.
    Inbox,
    /// In the waiting queue.
    Waiting(Rank),
    /// In the running batch.
    Running,
    /// In the running batch of a step under way, aborted: the end of the step drops it.
    Doomed,
}

/// The growing parts of a sequence.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) generated: Vec<u32>,
    pub(super) blocks: Vec<u32>,
    pub(super) hashes: Vec<BlockHash>,
}

impl Buffers {
    /// Most tokens that room is made for at once: longer texts double their vector a few times instead.
    const MOST_RESERVED: usize = 4096;

    pub(super) fn clear(&mut self) {
        self.generated.clear();
        self.blocks.clear();
        self.hashes.clear();
    }

    fn reserve(&mut self, prompt: usize, generated: usize, block_size: usize) {
        let generated = generated.min(Self::MOST_RESERVED);
        let blocks = (prompt + generated) / block_size + 1;
        self.generated.reserve(generated);
        self.blocks.reserve(blocks);
        self.hashes.reserve(blocks);
    }
}

impl Sequence {
    pub(super) fn new(id: RequestId, now: Nanos, request: EngineRequest, seed: u64, buffers: Buffers) -> Self {
        let key = content_key(&request, seed);
        let EngineRequest {
            prompt_tokens,
            sampling,
            continuation,
            cache_salt,
            prefix_cache_reads,
            priority,
            content_keys,
            choice_index: _,
        } = request;
        Self {
            id,
            prompt: prompt_tokens,
            unconstrained: sampling.is_unconstrained(),
            text: (!sampling.stop.is_empty()).then(StopText::default),
            sampling,
            continuation,
            salt: cache_salt,
            content_keys,
            reads: prefix_cache_reads,
            priority,
            key,
            place: Place::Inbox,
            computed: 0,
            in_step: 0,
            published: 0,
            buffers,
            member: None,
            queued_at: now,
            scheduled_at: None,
            first_token_at: None,
            cached_tokens: None,
            preemptions: 0,
        }
    }

    /// Makes room for what the request may generate, so that decoding does not.
    pub(super) fn reserve(&mut self, block_size: u32) {
        self.buffers.reserve(self.prompt.len(), self.sampling.max_tokens.get() as usize, block_size as usize);
    }

    pub(super) fn prompt_tokens(&self) -> u32 {
        u32::try_from(self.prompt.len()).expect("a prompt is shorter than `max_model_len`")
    }

    pub(super) fn generated_tokens(&self) -> u32 {
        u32::try_from(self.buffers.generated.len()).expect("at most `max_tokens` are generated")
    }

    pub(super) fn total_tokens(&self) -> u32 {
        self.prompt_tokens() + self.generated_tokens()
    }

    /// Whether the next thing to compute is a decode of one token.
    pub(super) fn decodes(&self) -> bool {
        self.prompt_tokens() <= self.computed && self.computed + 1 == self.total_tokens()
    }
}

/// The key of a request's draws.
fn content_key(request: &EngineRequest, seed: u64) -> u64 {
    let of_request = request.sampling.seed.map_or(draw(seed, 1), |own| draw(draw(seed, 2), own));
    let of_choice = draw(of_request, u64::from(request.choice_index));
    request.prompt_tokens.iter().fold(of_choice, |key, token| draw(key, u64::from(*token)))
}
