//! What can be wrong with a plan.

use super::{Endpoint, Shard};
use crate::arrivals::ScheduleError;

/// A plan that cannot be run, and what to change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The base URL is not an absolute `http` or `https` URL.
    #[error("base URL `{url}`: {reason}; write it like http://127.0.0.1:8000")]
    BaseUrl {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A count that must be at least 1 is 0.
    #[error("`{field}` must be at least 1, got 0")]
    Zero {
        /// Which count.
        field: &'static str,
    },
    /// A duration that must be above 0 is 0.
    #[error("`{field}` must be longer than 0 s; leave it out for the default")]
    NoTime {
        /// Which duration.
        field: &'static str,
    },
    /// The model's name is empty.
    #[error("`model` is empty; name a model that the server lists at /v1/models")]
    NoModel,
    /// There is no prompt, or one is empty.
    #[error("prompt {index} is empty; every prompt needs at least one character that is not white space")]
    EmptyPrompt {
        /// Which prompt, from 0.
        index: usize,
    },
    /// The temperature is negative or not a number.
    #[error("`temperature` must be 0 or more, got {0}")]
    Temperature(f64),
    /// Embeddings cannot be streamed.
    #[error("/v1/embeddings has no streams; leave streaming off")]
    EmbeddingsStreamed,
    /// Images go with chats only.
    #[error("images go with /v1/chat/completions, not with {0}; leave them out or measure chats")]
    ImagesElsewhere(Endpoint),
    /// Conversations are chats or messages.
    #[error(
        "conversations go with /v1/chat/completions and /v1/messages, not with {0}; leave the turns out or measure those"
    )]
    TurnsElsewhere(Endpoint),
    /// A turn waits for an answer, and an open loop for none.
    #[error(
        "the turns of a conversation follow one another's answers, so they need workers; leave out the rate or the turns"
    )]
    TurnsWithoutWorkers,
    /// Shards take requests in turn, which would take conversations apart.
    #[error("conversations cannot be shared by shards; leave out the turns, or give each generator a run of its own")]
    TurnsSharded,
    /// There are more shards than things to share.
    #[error("shard {shard} has no part of `{field}` = {count}; raise it to at least {of}, or use fewer shards", of = shard.of())]
    TooFewForShards {
        /// What is shared.
        field: &'static str,
        /// How many there are for all shards.
        count: usize,
        /// The shard that gets none.
        shard: Shard,
    },
    /// The last conversation would be cut off.
    #[error("{requests} requests make no whole number of conversations of {turns} turns; take a multiple of {turns}")]
    HalfConversation {
        /// Requests of the plan.
        requests: usize,
        /// Turns of each conversation.
        turns: usize,
    },
    /// The schedule cannot be computed.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The API key holds characters that no header can carry.
    #[error("the API key holds characters that an HTTP header cannot carry; check it for line breaks")]
    ApiKey,
    /// The prefix of request ids holds characters that no header can carry.
    #[error("request id prefix {0:?} holds characters that an HTTP header cannot carry; use letters, digits and `-`")]
    RequestIds(String),
}
