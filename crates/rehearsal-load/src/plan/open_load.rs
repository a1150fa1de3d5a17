//! Load that does not wait for answers.

use std::num::NonZeroUsize;

use super::{PlanError, Shard};
use crate::arrivals::{Extent, OpenLoop, RateProfile, Schedule, Spacing, WhenFull};

/// Where an open loop's due instants come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ArrivalSource {
    /// Computed from a rate.
    Rate {
        /// How many requests per second, over the run.
        profile: RateProfile,
        /// How regularly they come.
        spacing: Spacing,
        /// The seed of the gaps.
        seed: u64,
    },
    /// Recorded elsewhere.
    Recorded(Schedule),
}

/// What an open loop is asked for; see [`LoadPlanBuilder::open_load`](super::LoadPlanBuilder::open_load).
///
/// ```
/// use rehearsal_load::{LoadPlan, OpenLoad, arrivals::{RateProfile, Spacing}};
///
/// let load = OpenLoad::at(RateProfile::constant(8.0)?).spacing(Spacing::Gamma { burstiness: 0.5 }).max_concurrency(64);
/// let plan = LoadPlan::builder("http://localhost:8000", "tiny").requests(100).open_load(load).build()?;
/// assert_eq!(plan.schedule().map(|schedule| schedule.len()), Some(100));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an open load does nothing until a plan takes it"]
pub struct OpenLoad {
    source: ArrivalSource,
    max_concurrency: Option<usize>,
    when_full: WhenFull,
}

impl OpenLoad {
    /// Poisson arrivals at this rate, with seed 0 and without a limit of requests in flight.
    pub fn at(profile: RateProfile) -> Self {
        Self::from_source(ArrivalSource::Rate { profile, spacing: Spacing::default(), seed: 0 })
    }

    /// Arrivals at the instants of a recording.
    pub fn recorded(schedule: Schedule) -> Self {
        Self::from_source(ArrivalSource::Recorded(schedule))
    }

    fn from_source(source: ArrivalSource) -> Self {
        Self { source, max_concurrency: None, when_full: WhenFull::default() }
    }

    /// How regularly requests arrive; a recording has its own way.
    pub fn spacing(mut self, wanted: Spacing) -> Self {
        if let ArrivalSource::Rate { spacing, .. } = &mut self.source {
            *spacing = wanted;
        }
        self
    }

    /// The seed of the gaps; a recording has none.
    pub fn seed(mut self, wanted: u64) -> Self {
        if let ArrivalSource::Rate { seed, .. } = &mut self.source {
            *seed = wanted;
        }
        self
    }

    /// Requests in flight at most.
    pub fn max_concurrency(mut self, slots: usize) -> Self {
        self.max_concurrency = Some(slots);
        self
    }

    /// What becomes of a request that arrives when all slots are taken.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Computes the schedule. Without an end of its own, a changing rate ends with its last phase.
    pub(super) fn check(self, extent: Extent, shard: Option<Shard>) -> Result<CheckedOpenLoad, PlanError> {
        let slots = match (self.max_concurrency, shard) {
            (None, _) => None,
            (Some(count), Some(shard)) if 0 < count => {
                let field = "max_concurrency";
                let slots = NonZeroUsize::new(shard.share(count));
                Some(slots.ok_or(PlanError::TooFewForShards { field, count, shard })?)
            }
            (Some(slots), _) => Some(NonZeroUsize::new(slots).ok_or(PlanError::Zero { field: "max_concurrency" })?),
        };
        let schedule = match &self.source {
            ArrivalSource::Rate { profile, spacing, seed } => {
                let extent = match extent {
                    Extent { requests: None, duration: None } => {
                        Extent { requests: None, duration: profile.natural_length() }
                    }
                    given => given,
                };
                Schedule::generate(profile, *spacing, extent, *seed)?
            }
            ArrivalSource::Recorded(schedule) => schedule.cut(extent)?,
        };
        Ok(CheckedOpenLoad { source: self.source, slots, when_full: self.when_full, schedule, shard })
    }
}

/// An open loop with its schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedOpenLoad {
    source: ArrivalSource,
    slots: Option<NonZeroUsize>,
    when_full: WhenFull,
    schedule: Schedule,
    shard: Option<Shard>,
}

impl CheckedOpenLoad {
    /// Where the due instants come from.
    #[must_use]
    pub fn source(&self) -> &ArrivalSource {
        &self.source
    }

    /// Requests in flight at most, of this shard; `None` is unlimited.
    #[must_use]
    pub fn slots(&self) -> Option<NonZeroUsize> {
        self.slots
    }

    /// What becomes of a request that arrives when all slots are taken.
    #[must_use]
    pub fn when_full(&self) -> WhenFull {
        self.when_full
    }

    /// The due instants, of all shards.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(super) fn arrivals(&self) -> OpenLoop {
        let open = OpenLoop::new(match self.shard {
            Some(shard) => self.schedule.part(shard.number(), shard.of()),
            None => self.schedule.clone(),
        });
        match self.slots {
            Some(slots) => open.slots(slots, self.when_full),
            None => open,
        }
    }
}
