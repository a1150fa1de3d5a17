//! The plan as a report states it: everything but the prompts and the key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    metrics::seconds,
    plan::{Endpoint, LoadPlan, StreamUsage, Streaming, WarmUp},
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSummary {
    /// The URL that requests went to.
    pub url: String,
    /// The API.
    pub endpoint: Endpoint,
    /// The model's name as sent.
    pub model: String,
    /// Workers of the closed loop.
    pub concurrency: usize,
    /// Requests in the window.
    pub requests: usize,
    /// Pause of a worker between two requests.
    pub turnaround_s: f64,
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
    /// Prompts that requests took in turn.
    pub distinct_prompts: usize,
    /// Sampling seed in the requests.
    pub seed: Option<u64>,
    /// Limit of a whole request.
    pub timeout_s: f64,
    /// Limit of silence inside a body.
    pub stall_timeout_s: Option<f64>,
}

impl From<&LoadPlan> for PlanSummary {
    fn from(plan: &LoadPlan) -> Self {
        Self {
            url: plan.url().to_string(),
            endpoint: plan.endpoint(),
            model: plan.model().to_owned(),
            concurrency: plan.concurrency().get(),
            requests: plan.requests().get(),
            turnaround_s: seconds(plan.turnaround()),
            stagger_s: seconds(plan.stagger()),
            max_tokens: plan.max_tokens().get(),
            temperature: plan.temperature(),
            stream: plan.streaming() == Streaming::On,
            continuous_usage: plan.streaming() == Streaming::On && plan.stream_usage() == StreamUsage::Continuous,
            warm_up: plan.warm_up() == WarmUp::One,
            distinct_prompts: plan.workload().distinct(),
            seed: plan.seed(),
            timeout_s: seconds(plan.timeout()),
            stall_timeout_s: plan.stall_timeout().map(seconds),
        }
    }
}
