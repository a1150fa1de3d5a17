//! A load of alike requests: how long they are, how alike, and when they come.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use rehearsal_fake::{
    engine::{EngineConfig, EngineRequest},
    profile::ClientExtras,
};
use rehearsal_load::{ClosedLoop, RateProfile, Schedule, Spacing, arrivals::Extent};
use serde::{Deserialize, Serialize};

use super::{
    ForecastError, LoadFigures, Outline,
    prompts::{Dialogue, Drawn},
    simulation::{Arrivals, Simulated, simulate},
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
    /// So many a second on average, whatever happens to the others: a Poisson process. Of conversations, the first requests are one.
    Poisson(f64),
}

/// What prompts have in common, which the prefix cache finds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompts {
    /// All the same, as in the report: after the first, only what does not fill a KV block is computed.
    Same,
    /// No two with a common beginning.
    Unique,
    /// Each begins as the others of its group do, as `bench --shared-prefix` has it.
    Shared {
        /// The share of a prompt that is its group's, 0 to 1.
        share: f64,
        /// Groups.
        groups: NonZeroU32,
    },
    /// Each user talks on: a prompt holds all that was said before.
    Conversations {
        /// Requests of a conversation.
        turns: NonZeroU32,
        /// Tokens that a user adds at every turn but the first.
        message_tokens: NonZeroU32,
    },
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
            requests: Self::waves(concurrency),
            client,
            seed: 0,
        }
    }

    /// How many requests a closed loop needs so that its start and its end weigh little: four for each worker.
    #[must_use]
    pub fn waves(concurrency: NonZeroUsize) -> usize {
        concurrency.get().saturating_mul(WAVES).max(FEWEST_REQUESTS)
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
        Ok(LoadFigures::of_run(&self.simulated(config)?))
    }

    /// The same, request by request, in the order in which they end.
    pub fn outlines(&self, config: EngineConfig) -> Result<Vec<Outline>, ForecastError> {
        Ok(self.simulated(config)?.outlines)
    }

    pub(super) fn simulated(&self, mut config: EngineConfig) -> Result<Simulated, ForecastError> {
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
        let warm_up = (self.prompts == Prompts::Same).then(|| Drawn::of(self, 0).request(0, 0));
        let mut run = match self.prompts {
            Prompts::Conversations { turns, message_tokens } => {
                simulate(config, arrivals, warm_up, &mut Dialogue::new(*self, turns, message_tokens))?
            }
            _ => simulate(config, arrivals, warm_up, &mut |index| self.request(index))?,
        };
        for outline in &mut run.outlines {
            outline.finished += overhead;
            outline.first_token = outline.first_token.map(|at| at + overhead);
        }
        Ok(run)
    }

    /// How long a worker waits before its next request, and a user before the next turn of a conversation.
    pub(super) fn pause(&self) -> Duration {
        Duration::from(self.client.turnaround + self.client.api_overhead)
    }

    fn closed(&self, concurrency: NonZeroUsize) -> ClosedLoop {
        let requests = NonZeroUsize::new(self.requests).unwrap_or(NonZeroUsize::MIN);
        ClosedLoop::new(concurrency, requests).turnaround(self.pause()).stagger(Duration::from(self.client.stagger))
    }

    fn poisson(&self, rate: f64) -> Result<Schedule, ForecastError> {
        // of a conversation only the first request comes by itself
        let (rate, requests) = match self.prompts {
            Prompts::Conversations { turns, .. } => {
                (rate / f64::from(turns.get()), self.requests.div_ceil(turns.get() as usize))
            }
            _ => (rate, self.requests),
        };
        let extent = Extent { requests: Some(requests), duration: None };
        Ok(Schedule::generate(&RateProfile::constant(rate)?, Spacing::Poisson, extent, self.seed)?)
    }

    fn request(&self, index: usize) -> EngineRequest {
        let drawn = Drawn::of(self, index);
        let own = u32::try_from(index % (1 << 30)).unwrap_or(0);
        match self.prompts {
            Prompts::Shared { share, groups } => drawn.sharing(share, own % groups.get(), own),
            Prompts::Same => drawn.request(0, 0),
            Prompts::Unique | Prompts::Conversations { .. } => drawn.request(own, 0),
        }
    }
}
