//! The native report.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoodputSummary, PlanSummary, RequestRecord, SCHEMA_VERSION, ServerTimesSummary, Warning, WarningKind};
use crate::{
    client::RequestTimeline,
    metrics::{
        CONFIDENCE, Cost, CrossCheck, Distribution, GeneratorHealth, LoopKind, QuantileMethod, SteadyState,
        cross_checks, e2el, end_of_stream, itl_pooled, itl_request_mean, itl_token_weighted, mean_concurrency,
        output_throughput, prompt_throughput, request_throughput, schedule_lag, scheduled_latency, seconds, tpot,
        ttfot, ttft,
    },
    plan::{LoadPlan, Streaming},
    search::Slo,
    server_side::ServerSide,
};

/// Everything measured, in its own versioned schema. Lengths end in `_s` and are seconds; `null` is undefined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this schema.
    pub schema_version: u32,
    /// What wrote it.
    pub generator: String,
    /// What was asked for.
    pub plan: PlanSummary,
    /// Whether the run ran to its end.
    pub completion: Completion,
    /// Length of the measured window: from the first due instant to the last end, without the warm-up.
    pub window_s: f64,
    /// How requests ended.
    pub counts: Counts,
    /// How quantiles fall between samples.
    pub quantile_method: QuantileMethod,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Lengths, over successes.
    pub latency: Latency,
    /// Rates over the window.
    pub throughput: Throughput,
    /// Token sums over successes.
    pub tokens: Tokens,
    /// How late the generator itself was, and whether that may have made the figures.
    #[serde(default)]
    pub generator_health: Option<GeneratorHealth>,
    /// The part of the run without its start and its tail; `null` where the run has no such part.
    #[serde(default)]
    pub steady_state: Option<SteadyState>,
    /// Requests that met every objective, where objectives were given.
    #[serde(default)]
    pub goodput: Option<GoodputSummary>,
    /// What the server says of the run on its `/metrics` page, if it was read.
    #[serde(default)]
    pub server: Option<ServerSide>,
    /// What the answers themselves say of the server's times; `null` if none does.
    #[serde(default)]
    pub server_times: Option<ServerTimesSummary>,
    /// Why the page could not be read.
    #[serde(default)]
    pub server_note: Option<String>,
    /// What the work costs, where a price was given.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// Identities that must hold.
    pub cross_checks: Vec<CrossCheck>,
    /// Reasons to read figures with care.
    pub warnings: Vec<Warning>,
    /// The warm-up request, outside the window and every statistic.
    pub warm_up: Option<RequestRecord>,
}

/// Whether a run ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// Every request of the plan ended.
    Complete,
    /// The run was stopped; figures are over what had ended by then.
    Interrupted {
        /// Requests that were being served then and are counted nowhere else.
        abandoned: usize,
    },
    /// The log stops before its end: the generator was killed, or its disk was full. What was in flight is unknown.
    Partial {
        /// Whether the last line is cut, so that one more request had ended.
        cut_line: bool,
    },
}

/// How requests ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Requests of the plan; where only a duration limits it, those that ended.
    pub planned: usize,
    /// Requests that ended.
    pub finished: usize,
    /// Successes.
    pub ok: usize,
    /// The others that ended.
    pub errors: usize,
    /// Arrivals of an open loop that found no slot and were sent later.
    #[serde(default)]
    pub waited_for_slot: usize,
    /// Arrivals of an open loop that found no slot and were never sent. They count as sent nowhere else.
    #[serde(default)]
    pub dropped: usize,
    /// How often requests were sent again after a failure.
    #[serde(default)]
    pub retries: u64,
    /// Every verdict that occurred.
    pub by_verdict: BTreeMap<String, usize>,
}

/// Distributions over successes; each is defined in [`metrics`](crate::metrics) under its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Time to first token.
    pub ttft_s: Option<Distribution>,
    /// Time to first output token that is not reasoning.
    pub ttfot_s: Option<Distribution>,
    /// Time per output token.
    pub tpot_s: Option<Distribution>,
    /// Successes without a TPOT (one output token, no usage, not streamed).
    pub tpot_excluded: usize,
    /// Gaps between chunks, all requests pooled.
    pub itl_pooled_s: Option<Distribution>,
    /// Mean gap of each request.
    pub itl_request_mean_s: Option<Distribution>,
    /// Gaps spread over the tokens of their chunks; only requests whose every chunk states its tokens.
    pub itl_token_weighted_s: Option<Distribution>,
    /// End-to-end latency to the last token.
    pub e2el_s: Option<Distribution>,
    /// What a user of an open-loop service feels: end-to-end latency from the due instant; `null` in a closed loop.
    #[serde(default)]
    pub scheduled_latency_s: Option<Distribution>,
    /// Latency to the end of the stream or body.
    pub end_of_stream_s: Option<Distribution>,
    /// Set-up of connections; not part of the above.
    pub connect_s: Option<Distribution>,
    /// How late the generator sent requests, failed ones too.
    pub schedule_lag_s: Option<Distribution>,
}

/// Rates over the window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Throughput {
    /// Successes per second.
    pub requests_per_s: Option<f64>,
    /// Output tokens of successes per second.
    pub output_tokens_per_s: Option<f64>,
    /// Prompt tokens of successes per second, cached ones included.
    pub prompt_tokens_per_s: Option<f64>,
    /// Requests in flight on average, failed ones too.
    pub mean_concurrency: Option<f64>,
}

/// Sums over successes of what usage states; `null` if none states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// Successes with complete usage.
    pub requests_with_usage: usize,
    /// Prompt tokens.
    pub prompt: Option<u64>,
    /// Output tokens.
    pub completion: Option<u64>,
    /// Prompt tokens from the prefix cache.
    pub cached: Option<u64>,
    /// Output tokens that are reasoning.
    pub reasoning: Option<u64>,
    /// Chunks that carry tokens.
    pub chunks: usize,
    /// Most tokens in one chunk, where stated.
    pub max_tokens_in_chunk: Option<u32>,
}

impl Report {
    /// The report of `requests`, measured over `window` by `plan`. A forecast calls it with simulated timelines.
    #[must_use]
    pub fn new(plan: &LoadPlan, requests: &[RequestTimeline], window: Duration, completion: Completion) -> Self {
        Self::of(PlanSummary::from(plan), requests, window, completion)
    }

    /// The same for a plan that is known by its summary only, as that of a [`Recording`](super::Recording).
    #[must_use]
    pub fn of(plan: PlanSummary, requests: &[RequestTimeline], window: Duration, completion: Completion) -> Self {
        let method = QuantileMethod::default();
        let planned = plan.planned(requests.len());
        let cross_checks = cross_checks(requests, window);
        let mut warnings = Warning::of_requests(requests, plan.distinct_prompts, &cross_checks);
        warnings.splice(0..0, Warning::of_completion(completion, requests.len(), planned));
        if plan.shares_prefixes {
            // a cache that is asked for is no contamination
            warnings.retain(|warning| warning.kind != WarningKind::PrefixCache);
        }
        let latency = Latency::of(&plan, requests, method);
        let health = GeneratorHealth::of(latency.schedule_lag_s.as_ref(), latency.e2el_s.as_ref());
        warnings.extend(Warning::client_bound(&health));
        let kind = if plan.open_load.is_some() { LoopKind::Open } else { LoopKind::Closed };
        let steady_state = SteadyState::of(requests, window, kind, method);
        warnings.extend(steady_state.as_ref().and_then(Warning::load_grows));
        let dropped = plan.dropped(requests.len(), completion);
        warnings.extend(Warning::dropped(dropped, planned));
        Self {
            schema_version: SCHEMA_VERSION,
            generator: concat!("rehearsal ", env!("CARGO_PKG_VERSION")).into(),
            completion,
            window_s: seconds(window),
            counts: Counts { dropped, ..Counts::of(planned, requests) },
            quantile_method: method,
            confidence: CONFIDENCE,
            latency,
            throughput: Throughput {
                requests_per_s: request_throughput(requests, window),
                output_tokens_per_s: output_throughput(requests, window),
                prompt_tokens_per_s: prompt_throughput(requests, window),
                mean_concurrency: mean_concurrency(requests, window),
            },
            tokens: Tokens::of(requests),
            generator_health: Some(health),
            steady_state,
            goodput: None,
            server: None,
            server_times: ServerTimesSummary::of(requests, method),
            server_note: None,
            cost: None,
            cross_checks,
            warnings,
            warm_up: None,
            plan,
        }
    }

    /// Adds the warm-up request.
    #[must_use]
    pub fn with_warm_up(mut self, warm_up: &RequestTimeline) -> Self {
        self.warm_up = Some(RequestRecord::from(warm_up));
        self
    }

    /// Adds how many of `requests`, those of the report, met every objective.
    #[must_use]
    pub fn with_goodput(mut self, slos: &[Slo], requests: &[RequestTimeline]) -> Self {
        self.goodput = GoodputSummary::of(slos, requests, self.counts.dropped, self.window_s);
        self
    }

    /// Adds what the server says, and warns where it contradicts `usage`.
    #[must_use]
    pub fn with_server_side(mut self, server: ServerSide) -> Self {
        self.warnings.extend(Warning::unbalanced(&server));
        self.server = Some(server);
        self
    }

    /// Says why the server's side is missing.
    #[must_use]
    pub fn without_server_side(mut self, note: String) -> Self {
        self.server_note = Some(note);
        self
    }

    /// Adds what the work costs, if the server's machines cost `usd_per_hour` together.
    #[must_use]
    pub fn with_price(mut self, usd_per_hour: f64) -> Self {
        let Throughput { requests_per_s, prompt_tokens_per_s, output_tokens_per_s, .. } = self.throughput;
        self.cost = Some(Cost::of(usd_per_hour, requests_per_s, prompt_tokens_per_s, output_tokens_per_s));
        self
    }

    /// Adds warnings that the requests do not show.
    #[must_use]
    pub fn with_warnings(mut self, warnings: impl IntoIterator<Item = Warning>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Whether there is nothing to rely on: interrupted, or without a single success.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.completion != Completion::Complete || self.counts.ok == 0
    }

    /// The JSON Schema of this report.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

impl Counts {
    fn of(planned: usize, requests: &[RequestTimeline]) -> Self {
        let mut by_verdict = BTreeMap::new();
        for request in requests {
            *by_verdict.entry(request.verdict.name().to_owned()).or_insert(0) += 1;
        }
        let ok = requests.iter().filter(|request| request.verdict.is_success()).count();
        Self {
            planned,
            finished: requests.len(),
            ok,
            errors: requests.len() - ok,
            waited_for_slot: requests.iter().filter(|request| request.slot.is_some()).count(),
            dropped: 0,
            retries: requests.iter().map(|request| u64::from(request.retries)).sum(),
            by_verdict,
        }
    }
}

impl Latency {
    fn of(plan: &PlanSummary, requests: &[RequestTimeline], method: QuantileMethod) -> Self {
        let ok = || requests.iter().filter(|request| request.verdict.is_success());
        let summary =
            |samples: &mut dyn Iterator<Item = Duration>| Distribution::of(samples.map(seconds).collect(), method);
        let one = |metric: fn(&RequestTimeline) -> Option<Duration>| summary(&mut ok().filter_map(metric));
        Self {
            ttft_s: one(ttft),
            ttfot_s: one(ttfot),
            tpot_s: one(tpot),
            tpot_excluded: ok().filter(|request| tpot(request).is_none()).count(),
            itl_pooled_s: summary(&mut itl_pooled(requests).into_iter()),
            itl_request_mean_s: one(itl_request_mean),
            itl_token_weighted_s: summary(&mut ok().filter_map(itl_token_weighted).flatten()),
            e2el_s: one(e2el),
            scheduled_latency_s: plan.open_load.as_ref().and_then(|_| one(scheduled_latency)),
            end_of_stream_s: one(|request| match request.streaming {
                Streaming::On => end_of_stream(request),
                Streaming::Off => None,
            }),
            connect_s: one(|request| request.connect),
            schedule_lag_s: summary(&mut requests.iter().map(schedule_lag)),
        }
    }
}

impl Tokens {
    fn of(requests: &[RequestTimeline]) -> Self {
        let ok: Vec<&RequestTimeline> = requests.iter().filter(|request| request.verdict.is_success()).collect();
        let sum = |count: fn(&RequestTimeline) -> Option<u64>| {
            let known: Vec<u64> = ok.iter().filter_map(|request| count(request)).collect();
            (!known.is_empty()).then(|| known.iter().sum())
        };
        Self {
            requests_with_usage: ok
                .iter()
                .filter(|request| request.usage.is_some_and(|usage| usage.is_complete()))
                .count(),
            prompt: sum(RequestTimeline::prompt_tokens),
            completion: sum(RequestTimeline::output_tokens),
            cached: sum(|request| request.usage?.cached_tokens),
            reasoning: sum(|request| request.usage?.reasoning_tokens),
            chunks: ok.iter().map(|request| request.chunks.len()).sum(),
            max_tokens_in_chunk: ok.iter().flat_map(|request| &request.chunks).filter_map(|chunk| chunk.tokens).max(),
        }
    }
}
