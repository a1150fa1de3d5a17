//! An open loop's due instants, all known before the run.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use xxhash_rust::xxh3::Xxh3;

use super::{RateProfile, Spacing};

/// The most arrivals of one schedule: 800 MB of instants would follow from ten times as many.
const MOST: usize = 10_000_000;

/// How many arrivals a schedule has; what comes first ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// At most so many.
    pub requests: Option<usize>,
    /// None at this instant or later.
    pub duration: Option<Duration>,
}

/// A schedule that cannot be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Neither a number of requests nor a duration.
    #[error("an open loop needs an end; give a number of requests or a duration")]
    NoEnd,
    /// Too many arrivals.
    #[error("the schedule has more than {MOST} arrivals; shorten the run or lower the rate")]
    TooLong,
    /// Nothing arrives.
    #[error("nothing arrives: the rate is too low for the duration, or it ends at 0 before the last request")]
    Empty,
    /// The burstiness is no shape of a gamma distribution.
    #[error("burstiness {0} is not usable; give a number above 0, where 1 is Poisson and less comes in bursts")]
    Burstiness(f64),
    /// A recording cannot be played at this speed.
    #[error("a trace cannot be played at speed {0}; give a factor above 0, where 2 is twice as fast")]
    Speed(f64),
    /// vLLM's rescaling needs the number of requests.
    #[error(
        "the rescaled spacing of `vllm bench serve` stretches to a number of requests; give one instead of a duration"
    )]
    RescaledNeedsRequests,
}

/// Due instants in nanoseconds since the run's start, never decreasing. Clones share them.
///
/// ```
/// use rehearsal_load::arrivals::{Extent, RateProfile, Schedule, Spacing};
///
/// let extent = Extent { requests: Some(4), duration: None };
/// let schedule = Schedule::generate(&RateProfile::constant(10.0)?, Spacing::Constant, extent, 0)?;
/// assert_eq!(schedule.iter().map(|at| at.as_millis()).collect::<Vec<_>>(), [0, 100, 200, 300]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    nanos: Arc<[u64]>,
}

impl Schedule {
    /// Arrivals at the rate of `profile` and as regular as `spacing`. The same arguments give the same schedule.
    ///
    /// Arrival i is due when `profile` expects as many arrivals as the instant of arrival i at unit rate: for a Poisson
    /// spacing that is the inhomogeneous Poisson process of that rate.
    pub fn generate(profile: &RateProfile, spacing: Spacing, extent: Extent, seed: u64) -> Result<Self, ScheduleError> {
        let arrivals =
            spacing.arrivals(seed).ok_or(ScheduleError::Burstiness(spacing.burstiness().unwrap_or_default()))?;
        let most = match extent {
            Extent { requests: None, duration: None } => return Err(ScheduleError::NoEnd),
            Extent { requests: None, .. } => MOST + 1,
            Extent { requests: Some(requests), .. } => requests,
        };
        let arrivals: Box<dyn Iterator<Item = f64>> = match spacing {
            Spacing::VllmRescaled { .. } => {
                let requests = extent.requests.ok_or(ScheduleError::RescaledNeedsRequests)?;
                let arrivals: Vec<f64> = arrivals.take(requests.min(MOST + 1)).collect();
                let stretch = requests as f64 / arrivals.last().copied().unwrap_or(1.0);
                Box::new(arrivals.into_iter().map(move |at| at * stretch))
            }
            _ => Box::new(arrivals),
        };

        let end = extent.duration.map_or(f64::INFINITY, |duration| duration.as_secs_f64());
        let instants = arrivals.map_while(|arrival| profile.instant_of(arrival)).take_while(|at| *at < end);
        let nanos: Vec<u64> = instants.take(most.min(MOST + 1)).map(to_nanos).collect();
        match nanos.len() {
            0 => Err(ScheduleError::Empty),
            len if MOST < len => Err(ScheduleError::TooLong),
            _ => Ok(Self { nanos: nanos.into() }),
        }
    }

    /// The instants of a recording, in any order.
    pub fn recorded(instants: impl IntoIterator<Item = Duration>) -> Result<Self, ScheduleError> {
        let mut nanos: Vec<u64> =
            instants.into_iter().map(|at| u64::try_from(at.as_nanos()).unwrap_or(u64::MAX)).take(MOST + 1).collect();
        nanos.sort_unstable();
        match nanos.len() {
            0 => Err(ScheduleError::Empty),
            len if MOST < len => Err(ScheduleError::TooLong),
            _ => Ok(Self { nanos: nanos.into() }),
        }
    }

    /// The part of this schedule that lies within `extent`.
    pub fn cut(&self, extent: Extent) -> Result<Self, ScheduleError> {
        let end = extent.duration.map_or(u64::MAX, |duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        let within = self.nanos.partition_point(|at| *at < end).min(extent.requests.unwrap_or(usize::MAX));
        match &self.nanos[..within] {
            [] => Err(ScheduleError::Empty),
            part => Ok(Self { nanos: part.into() }),
        }
    }

    /// Every `of`-th arrival, from number `first` on.
    pub(crate) fn part(&self, first: usize, of: NonZeroUsize) -> Self {
        Self { nanos: self.nanos.iter().copied().skip(first).step_by(of.get()).collect() }
    }

    /// How many arrivals there are, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a schedule is never empty")]
    pub fn len(&self) -> usize {
        self.nanos.len()
    }

    /// The instant of arrival `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Duration> {
        self.nanos.get(index).copied().map(Duration::from_nanos)
    }

    /// All instants, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Duration> {
        self.nanos.iter().copied().map(Duration::from_nanos)
    }

    /// The last instant.
    #[must_use]
    pub fn end(&self) -> Duration {
        Duration::from_nanos(self.nanos.last().copied().unwrap_or_default())
    }

    /// A fingerprint: XXH3 (64 bits) of the instants as little-endian 64-bit nanoseconds, in hexadecimal. Two runs with
    /// the same one offered the same load.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hasher = Xxh3::new();
        for nanos in &*self.nanos {
            hasher.update(&nanos.to_le_bytes());
        }
        format!("{:016x}", hasher.digest())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn to_nanos(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}
