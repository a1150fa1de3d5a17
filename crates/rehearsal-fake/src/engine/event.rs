//! What the engine tells its caller: one enum, one sink.

use super::{Nanos, RequestId};

/// Something that happened, at an instant of the engine's clock.
///
/// Events arrive in order of their instants; those of one step end arrive in the order of the running queue,
/// and [`Event::StepEnded`] closes them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A waiting request entered the running batch for the first time.
    Scheduled {
        /// The start of the step that admitted it.
        at: Nanos,
        /// The request.
        id: RequestId,
        /// When it was submitted; `at - queued_at` is vLLM's queue time.
        queued_at: Nanos,
        /// Prompt tokens found in the prefix cache: what `usage` reports for ever after, even if the request is preempted.
        cached_tokens: u32,
        /// Prompt tokens that have to be computed.
        computed_tokens: u32,
    },
    /// A preempted request entered the running batch again and recomputes what it lost.
    Resumed {
        /// The start of the step that admitted it again.
        at: Nanos,
        /// The request.
        id: RequestId,
        /// Tokens (prompt and generated) found in the prefix cache this time.
        cached_tokens: u32,
    },
    /// A running request lost its blocks and went back to the head of the waiting queue.
    Preempted {
        /// The start of the step that could not find a block.
        at: Nanos,
        /// The request.
        id: RequestId,
    },
    /// A request got its next token; a finishing token comes before its [`Event::Finished`].
    Token {
        /// The end of the step that computed it.
        at: Nanos,
        /// The request.
        id: RequestId,
        /// The token.
        token_id: u32,
        /// 0 for the first generated token.
        index: u32,
    },
    /// A request is over: no event with its id follows.
    Finished {
        /// The instant of its last token, or of its abort.
        at: Nanos,
        /// The request.
        id: RequestId,
        /// Why, and the request's account.
        finish: Finish,
    },
    /// A step of the engine ended.
    StepEnded {
        /// Its end.
        at: Nanos,
        /// Its account.
        step: StepAccount,
    },
}

impl Event {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> Nanos {
        match self {
            Self::Scheduled { at, .. }
            | Self::Resumed { at, .. }
            | Self::Preempted { at, .. }
            | Self::Token { at, .. }
            | Self::Finished { at, .. }
            | Self::StepEnded { at, .. } => *at,
        }
    }

    /// The request it concerns; `None` for the end of a step.
    #[must_use]
    pub const fn id(&self) -> Option<RequestId> {
        match self {
            Self::Scheduled { id, .. }
            | Self::Resumed { id, .. }
            | Self::Preempted { id, .. }
            | Self::Token { id, .. }
            | Self::Finished { id, .. } => Some(*id),
            Self::StepEnded { .. } => None,
        }
    }
}

/// Why a request is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FinishReason {
    /// End of sequence, a stop token or a stop string.
    Stop,
    /// `max_tokens` or `max_model_len` reached.
    Length,
    /// Aborted by the caller.
    Abort,
    /// The KV cache cannot hold the request even when it runs alone. vLLM would retry it for ever.
    Error,
}

/// What is said beside [`FinishReason::Stop`]; the end-of-sequence token says nothing (`stop_reason: null`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// A stop token id of the request, or a secondary end-of-sequence id of the model.
    Token(u32),
    /// The stop string with this index in [`SamplingParams::stop`](super::SamplingParams::stop).
    Text(usize),
}

/// The account of a request that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Why it is over.
    pub reason: FinishReason,
    /// What stopped it, when that is more than the end-of-sequence token.
    pub stop_reason: Option<StopReason>,
    /// The bytes of the generated text to keep, when a stop string cut it; `None` keeps it all.
    /// The text is the concatenation of [`Detokenize::token_bytes`](super::Detokenize::token_bytes) over the generated tokens.
    pub text_end: Option<usize>,
    /// Whether the last token's text belongs to the output: not when it is the end-of-sequence or a stop token,
    /// unless `include_stop_str_in_output` asks for it.
    pub last_token_text: LastTokenText,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Generated tokens, the stopping one included: `completion_tokens` of `usage`.
    pub completion_tokens: u32,
    /// Prompt tokens found in the prefix cache at the first scheduling; `None` if it was never scheduled.
    pub cached_tokens: Option<u32>,
    /// How often it was preempted.
    pub preemptions: u32,
    /// When it was submitted.
    pub queued_at: Nanos,
    /// When it was first scheduled.
    pub scheduled_at: Option<Nanos>,
    /// When its first token came.
    pub first_token_at: Option<Nanos>,
}

/// Whether the text of the last token is part of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTokenText {
    /// It is.
    Kept,
    /// It is not: the token ended the request.
    Hidden,
}

/// The account of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepAccount {
    /// 0 for the engine's first step.
    pub index: u64,
    /// When it began.
    pub started_at: Nanos,
    /// Requests that decoded one token.
    pub decode: u32,
    /// Prompt tokens computed (after a preemption: tokens recomputed).
    pub prefill_tokens: u32,
    /// Whole prompts of the requests whose first token came in this step, cached tokens included;
    /// with `generated_tokens` it is what vLLM's Python frontend observes as `iteration_tokens_total`.
    pub prompt_tokens: u64,
    /// Tokens generated.
    pub generated_tokens: u32,
    /// KV tokens read, as the step-time model counts them.
    pub kv_tokens: u64,
    /// Running requests during the step.
    pub running: u32,
    /// Waiting requests during the step.
    pub waiting: u32,
    /// Requests preempted when the step was made up.
    pub preempted: u32,
}

/// Receives events. Closures are sinks.
pub trait EventSink {
    /// Takes one event.
    fn event(&mut self, event: Event);
}

impl<F: FnMut(Event)> EventSink for F {
    fn event(&mut self, event: Event) {
        self(event);
    }
}
