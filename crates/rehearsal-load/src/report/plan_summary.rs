//! The plan as a report states it: everything but the prompts and the key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Completion, OpenLoadSummary};
use crate::{
    metrics::seconds,
    plan::{Endpoint, LoadPlan, Shard, StreamUsage, Streaming, WarmUp},
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question with a yes or a no, and a key of the report")]
pub struct PlanSummary {
    /// The URL that requests went to.
    pub url: String,
    /// The API.
    pub endpoint: Endpoint,
    /// The model's name as sent.
    pub model: String,
    /// Workers of a closed loop; of an open one its slots, or all of its requests where slots are unlimited.
    pub concurrency: usize,
    /// Requests in the window.
    pub requests: usize,
    /// When nothing more was sent.
    #[serde(default)]
    pub duration_s: Option<f64>,
    /// The schedule of an open loop; `null` for a closed one.
    #[serde(default)]
    pub open_load: Option<OpenLoadSummary>,
    /// Pause of a worker between two requests.
    pub turnaround_s: f64,
    /// Turns of each conversation, where requests belong to any: request `i` is turn `i mod turns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<usize>,
    /// How long a user thinks between an answer and the next turn.
    #[serde(default)]
    pub think_s: f64,
    /// Least distance between two sends.
    pub stagger_s: f64,
    /// Most tokens of an answer.
    pub max_tokens: u32,
    /// Sampling temperature.
    pub temperature: f64,
    /// Whether answers were streamed.
    pub stream: bool,
    /// Whether every chunk was asked for its token count.
    pub continuous_usage: bool,
    /// Whether a warm-up request went ahead.
    pub warm_up: bool,
    /// Where the prompts come from: `prompts`, `synthetic` or `trace`.
    #[serde(default)]
    pub workload: Option<String>,
    /// The images of every request, as 640x480.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Whether prompts share beginnings on purpose, so that the prefix cache is part of what was measured.
    #[serde(default)]
    pub shares_prefixes: bool,
    /// Different prompts among the requests.
    pub distinct_prompts: usize,
    /// Sampling seed in the requests.
    pub seed: Option<u64>,
    /// Limit of a whole request.
    pub timeout_s: f64,
    /// Limit of silence inside a body.
    pub stall_timeout_s: Option<f64>,
    /// How often a request that got no usable answer was sent again.
    #[serde(default)]
    pub retries: u32,
    /// Which part of a run that several generators made, as `NUMBER/OF`; `null` is all of it.
    #[serde(default)]
    pub shard: Option<Shard>,
}

impl PlanSummary {
    /// Requests of the plan; of a closed loop that a duration limits, those that ended.
    pub(super) fn planned(&self, finished: usize) -> usize {
        if self.open_load.is_none() && self.duration_s.is_some() { finished } else { self.requests }
    }

    /// Arrivals that were never sent: every other one has ended when the run is complete. In a run that was stopped, they
    /// cannot be told from those that were yet to come.
    pub(super) fn dropped(&self, finished: usize, completion: Completion) -> usize {
        match (&self.open_load, completion) {
            (Some(_), Completion::Complete) => self.requests.saturating_sub(finished),
            _ => 0,
        }
    }
}

impl From<&LoadPlan> for PlanSummary {
    fn from(plan: &LoadPlan) -> Self {
        Self {
            url: plan.url().to_string(),
            endpoint: plan.endpoint(),
            model: plan.model().to_owned(),
            concurrency: plan.concurrency().get(),
            requests: plan.requests().get(),
            duration_s: plan.duration().map(seconds),
            open_load: plan.open_load().map(OpenLoadSummary::from),
            turnaround_s: seconds(plan.turnaround()),
            turns: plan.workload().turns().map(std::num::NonZeroUsize::get),
            think_s: seconds(plan.think()),
            stagger_s: seconds(plan.stagger()),
            max_tokens: plan.max_tokens().get(),
            temperature: plan.temperature(),
            stream: plan.streaming() == Streaming::On,
            continuous_usage: plan.streaming() == Streaming::On && plan.stream_usage() == StreamUsage::Continuous,
            warm_up: plan.warm_up() == WarmUp::One,
            workload: Some(plan.workload().name().to_owned()),
            images: plan.images().sizes().iter().map(ToString::to_string).collect(),
            shares_prefixes: plan.workload().shares_prefixes(),
            // images come before the text, and no two are alike
            distinct_prompts: if plan.images().is_empty() {
                plan.workload().distinct(plan.requests_of_all_shards())
            } else {
                plan.requests_of_all_shards()
            },
            seed: plan.seed(),
            timeout_s: seconds(plan.timeout()),
            stall_timeout_s: plan.stall_timeout().map(seconds),
            retries: plan.retries(),
            shard: plan.shard(),
        }
    }
}

impl PlanSummary {
    /// What another tool's result says of its plan; the rest is empty.
    pub(super) fn imported(tool: &str, model: &str, concurrency: Option<usize>, requests: usize) -> Self {
        Self {
            url: format!("imported from {tool}"),
            endpoint: Endpoint::Chat,
            model: model.to_owned(),
            concurrency: concurrency.unwrap_or(0),
            requests,
            duration_s: None,
            open_load: None,
            turnaround_s: 0.0,
            turns: None,
            think_s: 0.0,
            stagger_s: 0.0,
            max_tokens: 0,
            temperature: 0.0,
            stream: true,
            continuous_usage: false,
            warm_up: false,
            workload: None,
            images: Vec::new(),
            shares_prefixes: false,
            distinct_prompts: requests,
            seed: None,
            timeout_s: 0.0,
            stall_timeout_s: None,
            retries: 0,
            shard: None,
        }
    }
}
