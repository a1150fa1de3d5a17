//! What a run sends: a [`LoadPlan`] that has been checked once and cannot be wrong afterwards.
//!
//! The plan knows nothing of the command line; the binary translates its flags into one.

mod api_key;
mod builder;
mod endpoint;
mod error;
mod images;
mod open_load;
mod request;
mod shard;
pub mod workload;

use std::{num::NonZeroU32, num::NonZeroUsize, time::Duration};

use http::{HeaderValue, Uri};
use serde_json::{Map, Value};

pub use self::{
    api_key::ApiKey,
    builder::LoadPlanBuilder,
    endpoint::{Endpoint, metrics_url, request_url},
    error::PlanError,
    images::{ImageSize, ImageSizeError, Images},
    open_load::{ArrivalSource, CheckedOpenLoad, OpenLoad},
    shard::{Shard, ShardError},
    workload::{Sizing, Workload},
};
use crate::{
    arrivals::{Arrivals, ClosedLoop, Conversations, Schedule},
    client::Expectation,
};

/// Whether answers are streamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Streaming {
    /// One JSON body an answer; no TTFT. The default, as in the report.
    #[default]
    Off,
    /// Server-sent events, a chunk for every token or so.
    On,
}

/// Which token counts a streamed answer is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamUsage {
    /// No `stream_options` at all; what the server does then differs by version.
    NotAsked,
    /// `include_usage`: one usage chunk at the end. The default.
    #[default]
    Final,
    /// `include_usage` and `continuous_usage_stats`: every chunk says how many tokens there are so far, which tells how
    /// many tokens a chunk holds.
    Continuous,
}

/// Whether a request goes ahead of the measured ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WarmUp {
    /// The first measured request is the first one.
    Skip,
    /// One request of `min(max_tokens, 32)` tokens, outside the measured window. The default, as in the report.
    #[default]
    One,
}

/// A checked plan of a run. Built with [`LoadPlan::builder`].
#[derive(Debug, Clone)]
pub struct LoadPlan {
    url: Uri,
    endpoint: Endpoint,
    model: String,
    workload: Workload,
    concurrency: NonZeroUsize,
    requests: NonZeroUsize,
    all_requests: usize,
    counted: bool,
    duration: Option<Duration>,
    open_load: Option<CheckedOpenLoad>,
    turnaround: Duration,
    think: Duration,
    stagger: Duration,
    max_tokens: NonZeroU32,
    temperature: f64,
    streaming: Streaming,
    stream_usage: StreamUsage,
    timeout: Duration,
    stall_timeout: Option<Duration>,
    warm_up: WarmUp,
    seed: Option<u64>,
    extra_body: Map<String, Value>,
    images: Images,
    authorization: Option<HeaderValue>,
    request_ids: Option<String>,
    retries: u32,
    shard: Option<Shard>,
}

impl LoadPlan {
    /// A plan against the server at `base_url` (with or without `/v1`) for the model named `model`.
    ///
    /// Without further calls: the chat endpoint, a short prompt, 1 request at a time, 1 request, 256 tokens,
    /// temperature 0, not streamed, a time-out of ten minutes and one warm-up request.
    pub fn builder(base_url: impl Into<String>, model: impl Into<String>) -> LoadPlanBuilder {
        LoadPlanBuilder::new(base_url.into(), model.into())
    }

    /// The URL that every request goes to.
    #[must_use]
    pub fn url(&self) -> &Uri {
        &self.url
    }

    /// Which API is measured.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// The model's name as sent.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The prompts.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// Requests in flight at most: workers of a closed loop, slots of an open one; without slots, all of its requests.
    #[must_use]
    pub fn concurrency(&self) -> NonZeroUsize {
        match &self.open_load {
            None => self.concurrency,
            Some(load) => load.slots().unwrap_or(self.requests),
        }
    }

    /// When nothing more is sent.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// The load of an open loop; `None` for a closed one.
    #[must_use]
    pub fn open_load(&self) -> Option<&CheckedOpenLoad> {
        self.open_load.as_ref()
    }

    /// The due instants of an open loop.
    #[must_use]
    pub fn schedule(&self) -> Option<&Schedule> {
        self.open_load.as_ref().map(CheckedOpenLoad::schedule)
    }

    /// Requests of all shards together; without shards, [`requests`](Self::requests).
    #[must_use]
    pub fn requests_of_all_shards(&self) -> usize {
        self.all_requests
    }

    /// Which part of the run this plan is; `None` is all of it.
    #[must_use]
    pub fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// How often a request that got no usable answer is sent again.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// Requests in the measured window. Where only a duration limits a closed loop, the most that it would send.
    #[must_use]
    pub fn requests(&self) -> NonZeroUsize {
        self.requests
    }

    /// How many requests the plan has, where that is known before the run: not where only a duration limits a closed loop.
    #[must_use]
    pub fn planned(&self) -> Option<NonZeroUsize> {
        (self.open_load.is_some() || self.counted).then_some(self.requests)
    }

    /// Most tokens an answer may have.
    #[must_use]
    pub fn max_tokens(&self) -> NonZeroU32 {
        self.max_tokens
    }

    /// The sampling temperature as sent.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// Whether answers are streamed.
    #[must_use]
    pub fn streaming(&self) -> Streaming {
        self.streaming
    }

    /// Which usage a streamed answer is asked for.
    #[must_use]
    pub fn stream_usage(&self) -> StreamUsage {
        self.stream_usage
    }

    /// How long a whole request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long the body may be silent after its first byte.
    #[must_use]
    pub fn stall_timeout(&self) -> Option<Duration> {
        self.stall_timeout
    }

    /// Whether a warm-up request goes ahead.
    #[must_use]
    pub fn warm_up(&self) -> WarmUp {
        self.warm_up
    }

    /// The sampling seed in every request's body; `None` leaves it to the server.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The images of every request.
    #[must_use]
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// How long a worker waits before its next request.
    #[must_use]
    pub fn turnaround(&self) -> Duration {
        self.turnaround
    }

    /// How long a user thinks between an answer and the next turn of a conversation.
    #[must_use]
    pub fn think(&self) -> Duration {
        self.think
    }

    /// The least distance between two consecutive sends.
    #[must_use]
    pub fn stagger(&self) -> Duration {
        self.stagger
    }

    /// The send instants of this plan.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        let arrivals: Arrivals = match (&self.open_load, self.workload.turns()) {
            (Some(load), _) => load.arrivals().into(),
            (None, Some(turns)) => Conversations::new(self.concurrency, self.requests.get() / turns, turns)
                .think(self.think)
                .turnaround(self.turnaround)
                .until(self.duration)
                .into(),
            (None, None) => ClosedLoop::new(self.concurrency, self.requests)
                .turnaround(self.turnaround)
                .stagger(self.stagger)
                .until(self.duration)
                .into(),
        };
        match self.shard {
            Some(shard) => arrivals.of_shard(shard),
            None => arrivals,
        }
    }

    /// What a complete answer to one of this plan's requests looks like.
    #[must_use]
    pub fn expectation(&self) -> Expectation {
        let is_asked = self.streaming == Streaming::Off || self.stream_usage != StreamUsage::NotAsked;
        Expectation {
            endpoint: self.endpoint,
            streaming: self.streaming,
            usage_due: is_asked || !self.endpoint.has_stream_options(),
            tokens_hint: self.max_tokens,
        }
    }
}
