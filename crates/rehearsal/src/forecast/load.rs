//! A load of alike requests: how long they are, how alike, and when they come.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rehearsal_fake::{
    engine::{EngineConfig, EngineRequest},
    profile::ClientExtras,
};
use rehearsal_load::{ClosedLoop, RateProfile, Schedule, Spacing, arrivals::Extent};
use serde::{Deserialize, Serialize};

use super::{
    ForecastError, LoadFigures, Outline,
    simulation::{Arrivals, outlines},
};

/// Waves of a run: as many as the report's 64 requests make at 16 at a time.
const WAVES: usize = 4;
/// Requests at least, so that a run of one at a time is not all start and end.
const FEWEST_REQUESTS: usize = 8;
/// Tokens of the report's prompt and of its answers.
const REPORT_PROMPT: NonZeroU32 = NonZeroU32::new(89).expect("89 is not 0");
const REPORT_OUTPUT: NonZeroU32 = NonZeroU32::new(256).expect("256 is not 0");

/// Requests that differ by nothing but their lengths and, perhaps, their text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Tokens of a prompt at most, chat template included.
    pub prompt_tokens: NonZeroU32,
    /// Tokens of an answer at most.
    pub output_tokens: NonZeroU32,
    /// Both lengths are drawn evenly from this share of the most up to the most; 1 for equal requests.
    pub shortest: f64,
    /// Whether the prompts are alike.
    pub prompts: Prompts,
    /// When they come.
    pub pattern: Pattern,
    /// How many.
    pub requests: usize,
    /// What the client's clock sees beside the engine.
    pub client: ClientExtras,
    /// Seed of lengths and arrivals.
    pub seed: u64,
}

/// When requests come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// So many at a time, each after the answer to the one before.
    Closed(NonZeroUsize),
    /// So many a second on average, whatever happens to the others: a Poisson process.
    Poisson(f64),
}

/// Whether the prefix cache finds the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompts {
    /// All the same, as in the report: after the first, only what does not fill a KV block is computed.
    Same,
    /// No two with a common beginning.
    Unique,
}

impl Load {
    /// The report's load at this concurrency: 89 tokens in, 256 out, one prompt for all, four waves, after a warm-up request.
    #[must_use]
    pub fn of_the_report(client: ClientExtras, concurrency: NonZeroUsize) -> Self {
        Self {
            prompt_tokens: REPORT_PROMPT,
            output_tokens: REPORT_OUTPUT,
            shortest: 1.0,
            prompts: Prompts::Same,
            pattern: Pattern::Closed(concurrency),
            requests: concurrency.get().saturating_mul(WAVES).max(FEWEST_REQUESTS),
            client,
            seed: 0,
        }
    }

    /// Rehearses the load on an engine with `config`.
    ///
    /// ```
    /// use rehearsal::{fake::profile::Profile, forecast::Load};
    ///
    /// let profile = Profile::builtin("rtxpro6000-72b-fp8-tp2")?;
    /// let load = Load::of_the_report(Profile::builtin("report-tp2")?.client, 16.try_into()?);
    /// let figures = load.rehearse(profile.engine_config()?)?;
    /// assert_eq!(format!("{:.1}", figures.output_tps), "348.0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn rehearse(&self, config: EngineConfig) -> Result<LoadFigures, ForecastError> {
        Ok(LoadFigures::of(&self.outlines(config)?))
    }

    /// The same, request by request, in the order in which they end.
    pub fn outlines(&self, mut config: EngineConfig) -> Result<Vec<Outline>, ForecastError> {
        if self.prompts == Prompts::Unique {
            // nothing could be found, so nothing has to be looked for
            config.enable_prefix_caching = false;
        }
        let overhead = self.client.api_overhead;
        let arrivals = match self.pattern {
            Pattern::Closed(concurrency) => Arrivals::Closed(self.closed(concurrency)),
            Pattern::Poisson(rate) => Arrivals::Open(self.poisson(rate)?),
        };
        // the report warmed up with its own prompt: the measured requests find it cached
        let warm_up = (self.prompts == Prompts::Same).then(|| self.request(0));
        let mut outlines = outlines(config, arrivals, warm_up, |index| self.request(index))?;
        for outline in &mut outlines {
            outline.finished += overhead;
            outline.first_token = outline.first_token.map(|at| at + overhead);
        }
        Ok(outlines)
    }

    fn closed(&self, concurrency: NonZeroUsize) -> ClosedLoop {
        let requests = NonZeroUsize::new(self.requests).unwrap_or(NonZeroUsize::MIN);
        ClosedLoop::new(concurrency, requests)
            .turnaround(Duration::from(self.client.turnaround + self.client.api_overhead))
            .stagger(Duration::from(self.client.stagger))
    }

    fn poisson(&self, rate: f64) -> Result<Schedule, ForecastError> {
        let extent = Extent { requests: Some(self.requests), duration: None };
        Ok(Schedule::generate(&RateProfile::constant(rate)?, Spacing::Poisson, extent, self.seed)?)
    }

    fn request(&self, index: usize) -> EngineRequest {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(2 + index as u64));
        let prompt_tokens = self.length(self.prompt_tokens, &mut generator);
        let output_tokens = self.length(self.output_tokens, &mut generator);
        EngineRequest::new(self.prompt(index, prompt_tokens), output_tokens)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a u32, at least 1")]
    fn length(&self, most: NonZeroU32, generator: &mut ChaCha8Rng) -> NonZeroU32 {
        if 1.0 <= self.shortest {
            return most;
        }
        let least = (f64::from(most.get()) * self.shortest.max(0.0)).ceil().max(1.0) as u32;
        NonZeroU32::new(generator.random_range(least..=most.get())).unwrap_or(most)
    }

    /// The token ids of a prompt. Which they are does not matter, only which are equal.
    fn prompt(&self, index: usize, tokens: NonZeroU32) -> Arc<[u32]> {
        let name = match self.prompts {
            Prompts::Same => 0,
            Prompts::Unique => u32::try_from(index % (1 << 30)).unwrap_or(0),
        };
        std::iter::once(name).chain(1..tokens.get()).collect()
    }
}
