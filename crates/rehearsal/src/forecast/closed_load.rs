//! A closed loop of equal requests: the load of the report, at any concurrency.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use rehearsal_fake::{engine::EngineConfig, profile::ClientExtras};
use rehearsal_load::{
    LoadPlan, PlanError, RequestTimeline, Streaming,
    metrics::{mean, median, seconds, tpot, ttft},
};
use serde::Serialize;
use thiserror::Error;

use super::{Forecast, ForecastError};

/// Waves of a run: as many as the report's 64 requests make at 16 at a time.
const WAVES: usize = 4;
/// Requests at least, so that a run of one at a time is not all start and end.
const FEWEST_REQUESTS: usize = 8;
/// Tokens of the report's prompt and of its answers.
const REPORT_PROMPT: NonZeroU32 = NonZeroU32::new(89).expect("89 is not 0");
const REPORT_OUTPUT: NonZeroU32 = NonZeroU32::new(256).expect("256 is not 0");

/// Equal requests, a fixed number of them at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosedLoad {
    /// Tokens of a prompt, chat template included.
    pub prompt_tokens: NonZeroU32,
    /// Tokens of an answer.
    pub output_tokens: NonZeroU32,
    /// Whether the prompts are alike.
    pub prompts: Prompts,
    /// What the client's clock sees beside the engine.
    pub client: ClientExtras,
}

/// Whether the prefix cache finds the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompts {
    /// All the same, as in the report: after the first, only what does not fill a KV block is computed.
    Same,
    /// No two with a common beginning.
    Unique,
}

/// What a run would measure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LoadFigures {
    /// Requests of the run.
    pub requests: usize,
    /// Output tokens a second over the whole run.
    pub output_tps: f64,
    /// Median latency of a request in seconds; `None` when all failed, as the next two.
    pub latency_p50_s: Option<f64>,
    /// Mean time to the first token in seconds.
    pub ttft_mean_s: Option<f64>,
    /// Mean time a further token in seconds; `None` for answers of one token, too.
    pub tpot_mean_s: Option<f64>,
}

/// Why a load could not be rehearsed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClosedLoadError {
    /// The load is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The engine does not take it.
    #[error(transparent)]
    Forecast(#[from] ForecastError),
}

impl ClosedLoad {
    /// The report's load: 89 tokens in, 256 out, one prompt for all.
    #[must_use]
    pub const fn of_the_report(client: ClientExtras) -> Self {
        Self { prompt_tokens: REPORT_PROMPT, output_tokens: REPORT_OUTPUT, prompts: Prompts::Same, client }
    }

    /// Requests that a run at this concurrency has: four waves, and eight at least.
    #[must_use]
    pub fn requests(concurrency: NonZeroUsize) -> usize {
        concurrency.get().saturating_mul(WAVES).max(FEWEST_REQUESTS)
    }

    /// Rehearses the load at `concurrency` on an engine with `config`, after one warm-up request.
    ///
    /// ```
    /// use rehearsal::{fake::profile::Profile, forecast::ClosedLoad};
    ///
    /// let profile = Profile::builtin("rtxpro6000-72b-fp8-tp2")?;
    /// let load = ClosedLoad::of_the_report(Profile::builtin("report-tp2")?.client);
    /// let figures = load.rehearse(profile.engine_config()?, 16.try_into()?)?;
    /// assert_eq!(format!("{:.1}", figures.output_tps), "348.0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rehearse(&self, config: EngineConfig, concurrency: NonZeroUsize) -> Result<LoadFigures, ClosedLoadError> {
        let requests = Self::requests(concurrency);
        let plan = LoadPlan::builder("http://forecast", "forecast")
            .concurrency(concurrency.get())
            .requests(requests)
            .max_tokens(self.output_tokens.get())
            .streaming(Streaming::On)
            .turnaround(Duration::from(self.client.turnaround))
            .stagger(Duration::from(self.client.stagger))
            .build()?;
        let forecast = Forecast::of(config, &plan, |index| self.prompt(index))?;
        Ok(LoadFigures::of(&forecast.requests))
    }

    /// The token ids of a prompt. Which they are does not matter, only which are equal.
    fn prompt(&self, index: usize) -> Arc<[u32]> {
        let name = match self.prompts {
            Prompts::Same => 0,
            Prompts::Unique => u32::try_from(index % (1 << 30)).unwrap_or(0),
        };
        std::iter::once(name).chain(1..self.prompt_tokens.get()).collect()
    }
}

impl LoadFigures {
    fn of(requests: &[RequestTimeline]) -> Self {
        let mut latencies: Vec<f64> = requests.iter().map(|request| seconds(request.wall())).collect();
        latencies.sort_unstable_by(f64::total_cmp);
        let ttfts: Vec<f64> = requests.iter().filter_map(ttft).map(seconds).collect();
        let tpots: Vec<f64> = requests.iter().filter_map(tpot).map(seconds).collect();
        let tokens: u64 = requests.iter().filter_map(RequestTimeline::output_tokens).sum();
        let window = requests.iter().map(|request| request.finished).max().unwrap_or_default();
        Self {
            requests: requests.len(),
            output_tps: tokens as f64 / seconds(window),
            latency_p50_s: median(&latencies),
            ttft_mean_s: mean(&ttfts),
            tpot_mean_s: mean(&tpots),
        }
    }
}
