//! A request as the engine takes it.

use std::{num::NonZeroU32, sync::Arc};

use thiserror::Error;

use super::{Continuation, SamplingParams};

/// Names a request of one engine for ever; ids of one engine order by submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// Bits of the id that say where the request is kept: 16.7 million at a time, 10^12 in all.
    const SLOT_BITS: u32 = 24;

    pub(super) const fn new(sequence: u64, slot: u32) -> Self {
        Self(sequence << Self::SLOT_BITS | slot as u64)
    }

    pub(super) const fn slot(self) -> u32 {
        (self.0 & ((1 << Self::SLOT_BITS) - 1)) as u32
    }

    /// The id as a number, for logs and for keys of the caller.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// One sequence to generate. `n > 1` and several prompts are several of these, as in vLLM.
///
/// ```
/// use std::num::NonZeroU32;
/// use rehearsal_fake::engine::EngineRequest;
///
/// let request = EngineRequest::new(vec![1, 2, 3], NonZeroU32::new(16).expect("16 is not 0"));
/// assert_eq!(request.prompt_tokens.len(), 3);
/// ```
#[derive(Debug)]
pub struct EngineRequest {
    /// Token ids of the prompt; the prefix cache is keyed by them.
    pub prompt_tokens: Arc<[u32]>,
    /// When and how it stops, what is forced and forbidden.
    pub sampling: SamplingParams,
    /// What the model would say.
    pub continuation: Continuation,
    /// Keeps the prefix cache apart from requests with another salt.
    pub cache_salt: Option<String>,
    /// Whether cached blocks may be reused.
    pub prefix_cache_reads: PrefixCacheReads,
    /// Lower goes first under [`SchedulingPolicy::Priority`](super::SchedulingPolicy::Priority); ignored under FCFS.
    pub priority: i32,
    /// What tokens of the prompt stand for besides themselves, such as images; part of the key of their blocks.
    pub content_keys: Arc<[ContentKey]>,
    /// 0-based index among the choices (`n`) of one prompt, part of the key of its draws.
    pub choice_index: u32,
}

impl EngineRequest {
    /// A request with vLLM's defaults whose continuation is drawn.
    #[must_use]
    pub fn new(prompt_tokens: impl Into<Arc<[u32]>>, max_tokens: NonZeroU32) -> Self {
        Self {
            prompt_tokens: prompt_tokens.into(),
            sampling: SamplingParams::new(max_tokens),
            continuation: Continuation::Drawn,
            cache_salt: None,
            prefix_cache_reads: PrefixCacheReads::Allowed,
            priority: 0,
            content_keys: Arc::default(),
            choice_index: 0,
        }
    }
}

/// A span of the prompt whose tokens mean what `key` says: the tokens of two images are equal, their contents are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentKey {
    /// Index of the first token.
    pub from: u32,
    /// Index behind the last one.
    pub to: u32,
    /// Equal contents have equal keys.
    pub key: u128,
}

/// Whether a request may take prompt blocks from the prefix cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrefixCacheReads {
    /// It may.
    #[default]
    Allowed,
    /// It computes its whole prompt, because it wants log probabilities of prompt tokens.
    Bypassed,
}

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// There is nothing to continue.
    #[error("the prompt is empty; send at least one token")]
    EmptyPrompt,
    /// No room is left for a token.
    #[error(
        "the prompt has {prompt_tokens} tokens, but `max_model_len` is {max_model_len} and at least one token must be generated; shorten the prompt"
    )]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// The limit.
        max_model_len: u32,
    },
    /// It would wait for ever.
    #[error("the prompt needs {needed_blocks} KV blocks, but the cache has {usable_blocks}; raise `num_gpu_blocks`")]
    PromptExceedsKvCache {
        /// Blocks for the prompt and its first token.
        needed_blocks: u32,
        /// Blocks that requests can have.
        usable_blocks: u32,
    },
    /// `min_tokens` cannot be reached.
    #[error("`min_tokens` must be <= `max_tokens` = {max_tokens}, got {min_tokens}")]
    MinTokensAboveMaxTokens {
        /// As asked.
        min_tokens: u32,
        /// As asked.
        max_tokens: u32,
    },
    /// Stop strings are compared with text, and this engine has none.
    #[error("stop strings need a vocabulary with text; give `Vocabulary::detokenize` or use `stop_token_ids`")]
    StopStringsNeedText,
    /// It would stop everything at once.
    #[error("stop string {index} is empty; remove it")]
    EmptyStopString {
        /// Its index.
        index: usize,
    },
    /// No token could ever come.
    #[error("`allowed_token_ids` is empty; leave it out or name a token")]
    NoTokenAllowed,
    /// The engine holds as many requests as it can name.
    #[error("{requests} requests are already held, the most this engine can name; wait for some to finish")]
    TooManyRequests {
        /// Requests held.
        requests: usize,
    },
}
