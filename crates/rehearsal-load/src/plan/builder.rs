//! Collects the parts of a plan and checks them together.

use std::{num::NonZeroU32, num::NonZeroUsize, time::Duration};

use http::HeaderValue;
use serde_json::{Map, Value};

use super::{
    ApiKey, Endpoint, Images, LoadPlan, OpenLoad, PlanError, Shard, StreamUsage, Streaming, WarmUp, Workload,
    endpoint::request_url,
};
use crate::arrivals::Extent;

/// Requests of a closed loop at most that only a duration limits.
const MOST_REQUESTS: usize = 1_000_000;

/// Configures a [`LoadPlan`]; every method replaces one default.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct LoadPlanBuilder {
    base_url: String,
    model: String,
    endpoint: Endpoint,
    workload: Result<Workload, PlanError>,
    concurrency: usize,
    requests: Option<usize>,
    duration: Option<Duration>,
    open_load: Option<OpenLoad>,
    turnaround: Duration,
    think: Duration,
    stagger: Duration,
    max_tokens: u32,
    temperature: f64,
    streaming: Streaming,
    stream_usage: StreamUsage,
    timeout: Duration,
    stall_timeout: Option<Duration>,
    warm_up: WarmUp,
    seed: Option<u64>,
    extra_body: Map<String, Value>,
    images: Images,
    api_key: Option<ApiKey>,
    request_ids: Option<String>,
    retries: u32,
    shard: Option<Shard>,
}

impl LoadPlanBuilder {
    pub(super) fn new(base_url: String, model: String) -> Self {
        Self {
            base_url,
            model,
            endpoint: Endpoint::default(),
            workload: Workload::same("Explain what a rehearsal is good for."),
            concurrency: 1,
            requests: None,
            duration: None,
            open_load: None,
            turnaround: Duration::ZERO,
            think: Duration::ZERO,
            stagger: Duration::ZERO,
            max_tokens: 256,
            temperature: 0.0,
            streaming: Streaming::default(),
            stream_usage: StreamUsage::default(),
            timeout: Duration::from_mins(10),
            stall_timeout: None,
            warm_up: WarmUp::default(),
            seed: None,
            extra_body: Map::new(),
            images: Images::default(),
            api_key: None,
            request_ids: None,
            retries: 0,
            shard: None,
        }
    }

    /// Which API is measured.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// One prompt for every request.
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.workload = Workload::same(prompt);
        self
    }

    /// Several prompts, taken in turn.
    pub fn prompts<P: Into<String>>(mut self, prompts: impl IntoIterator<Item = P>) -> Self {
        self.workload = Workload::cycle(prompts);
        self
    }

    /// Synthetic prompts, a trace, or anything else that is a workload.
    pub fn workload(mut self, workload: impl Into<Workload>) -> Self {
        self.workload = Ok(workload.into());
        self
    }

    /// Workers of the closed loop, at least 1.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// Measured requests, at least 1; without this call 1, or as many as a duration or the load's shape has room for.
    pub fn requests(mut self, requests: usize) -> Self {
        self.requests = Some(requests);
        self
    }

    /// Sends nothing at this instant or later; what is in flight then is waited for. Beside a number of requests,
    /// whichever comes first ends the run.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Requests arrive on a schedule instead of when a worker is free; workers, turnaround and stagger then do nothing.
    pub fn open_load(mut self, load: OpenLoad) -> Self {
        self.open_load = Some(load);
        self
    }

    /// How long a worker waits between the end of a request and its next one.
    pub fn turnaround(mut self, turnaround: Duration) -> Self {
        self.turnaround = turnaround;
        self
    }

    /// How long a user thinks between an answer and the next turn; only conversations have turns.
    pub fn think(mut self, think: Duration) -> Self {
        self.think = think;
        self
    }

    /// The least distance between two consecutive sends.
    pub fn stagger(mut self, stagger: Duration) -> Self {
        self.stagger = stagger;
        self
    }

    /// Most tokens an answer may have, at least 1.
    pub fn max_tokens(mut self, max_tokens: u32) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    /// The sampling temperature, 0 or more.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// Whether answers are streamed.
    pub fn streaming(mut self, streaming: Streaming) -> Self {
        self.streaming = streaming;
        self
    }

    /// Which usage a streamed answer is asked for.
    pub fn stream_usage(mut self, usage: StreamUsage) -> Self {
        self.stream_usage = usage;
        self
    }

    /// How long a whole request may take, from its start to its last byte.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long the body may be silent after its first byte; unlimited (up to the time-out) without this call.
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = Some(timeout);
        self
    }

    /// Whether a warm-up request goes ahead.
    pub fn warm_up(mut self, warm_up: WarmUp) -> Self {
        self.warm_up = warm_up;
        self
    }

    /// A sampling seed for the body of every request.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Further fields of the JSON body, for example `ignore_eos`; they replace fields of the same name.
    pub fn extra_body(mut self, fields: Map<String, Value>) -> Self {
        self.extra_body = fields;
        self
    }

    /// Images beside the prompt of every chat.
    pub fn images(mut self, images: Images) -> Self {
        self.images = images;
        self
    }

    /// The key that the server wants, sent as a bearer token.
    pub fn api_key(mut self, key: ApiKey) -> Self {
        self.api_key = Some(key);
        self
    }

    /// Names every request in its `X-Request-Id`: this prefix and the request's index, as `vllm bench serve` does with its
    /// `--request-id-prefix`. vLLM puts it into its log and into the answer's `id`.
    pub fn request_ids(mut self, prefix: impl Into<String>) -> Self {
        self.request_ids = Some(prefix.into());
        self
    }

    /// How often a request is sent again that got no answer, or one of the statuses 429, 500, 502, 503 and 504; never without
    /// this call. Its latencies count from the first time, and every retry is counted.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sends only this shard's part of the requests, with its part of the workers or slots. The other parts are other
    /// generators'; see [`Recording::merge`](crate::report::Recording::merge).
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = Some(shard);
        self
    }

    /// Checks everything and gives the plan.
    pub fn build(self) -> Result<LoadPlan, PlanError> {
        let url = request_url(&self.base_url, self.endpoint)?;
        if self.model.is_empty() {
            return Err(PlanError::NoModel);
        }
        if !self.temperature.is_finite() || self.temperature < 0.0 {
            return Err(PlanError::Temperature(self.temperature));
        }
        if self.endpoint == Endpoint::Embeddings && self.streaming == Streaming::On {
            return Err(PlanError::EmbeddingsStreamed);
        }
        if !self.images.is_empty() && self.endpoint != Endpoint::Chat {
            return Err(PlanError::ImagesElsewhere(self.endpoint));
        }
        if self.timeout.is_zero() {
            return Err(PlanError::NoTime { field: "timeout" });
        }
        if self.stall_timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(PlanError::NoTime { field: "stall_timeout" });
        }
        if self.duration.is_some_and(|duration| duration.is_zero()) {
            return Err(PlanError::NoTime { field: "duration" });
        }
        if self.requests == Some(0) {
            return Err(PlanError::Zero { field: "requests" });
        }
        if let Some(turns) = self.workload.as_ref().ok().and_then(Workload::turns) {
            if !matches!(self.endpoint, Endpoint::Chat | Endpoint::Messages) {
                return Err(PlanError::TurnsElsewhere(self.endpoint));
            }
            if self.open_load.is_some() {
                return Err(PlanError::TurnsWithoutWorkers);
            }
            if self.shard.is_some() {
                return Err(PlanError::TurnsSharded);
            }
            if let Some(requests) = self.requests.filter(|requests| !requests.is_multiple_of(turns.get())) {
                return Err(PlanError::HalfConversation { requests, turns: turns.get() });
            }
        }
        let extent = Extent { requests: self.requests, duration: self.duration };
        let open_load = self.open_load.map(|load| load.check(extent, self.shard)).transpose()?;
        let all_requests = match (&open_load, self.requests, self.duration) {
            (Some(load), _, _) => load.schedule().len(),
            (None, Some(requests), _) => requests,
            (None, None, Some(_)) => MOST_REQUESTS,
            (None, None, None) => 1,
        };
        let share = |field, count: usize| match self.shard {
            Some(shard) if 0 < count && shard.share(count) == 0 => {
                Err(PlanError::TooFewForShards { field, count, shard })
            }
            Some(shard) => Ok(shard.share(count)),
            None => Ok(count),
        };
        let requests = share("requests", all_requests)?;
        let concurrency = if open_load.is_some() { self.concurrency } else { share("concurrency", self.concurrency)? };
        let authorization = match &self.api_key {
            Some(key) => Some(sensitive(&key.bearer())?),
            None => None,
        };
        if let Some(prefix) = self.request_ids.as_deref().filter(|prefix| HeaderValue::from_str(prefix).is_err()) {
            return Err(PlanError::RequestIds(prefix.to_owned()));
        }

        Ok(LoadPlan {
            url,
            endpoint: self.endpoint,
            model: self.model,
            workload: self.workload?,
            concurrency: NonZeroUsize::new(concurrency).ok_or(PlanError::Zero { field: "concurrency" })?,
            requests: NonZeroUsize::new(requests).ok_or(PlanError::Zero { field: "requests" })?,
            all_requests,
            counted: self.requests.is_some() || self.duration.is_none(),
            duration: self.duration,
            open_load,
            turnaround: self.turnaround,
            think: self.think,
            stagger: self.stagger,
            max_tokens: NonZeroU32::new(self.max_tokens).ok_or(PlanError::Zero { field: "max_tokens" })?,
            temperature: self.temperature,
            streaming: self.streaming,
            stream_usage: self.stream_usage,
            timeout: self.timeout,
            stall_timeout: self.stall_timeout,
            warm_up: self.warm_up,
            seed: self.seed,
            extra_body: self.extra_body,
            images: self.images,
            authorization,
            request_ids: self.request_ids,
            retries: self.retries,
            shard: self.shard,
        })
    }
}

fn sensitive(value: &str) -> Result<HeaderValue, PlanError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| PlanError::ApiKey)?;
    value.set_sensitive(true);
    Ok(value)
}
