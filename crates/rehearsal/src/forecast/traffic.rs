//! What a deployment is asked: a load of alike requests or a recorded one, and how several engines share it.

use std::num::NonZeroUsize;

use rehearsal_fake::engine::EngineConfig;
use serde::Serialize;

use super::{ForecastError, Load, LoadFigures, Pattern, Recorded};

/// Seconds that an open loop is rehearsed for, within the numbers of requests below.
const OPEN_SECONDS: f64 = 120.0;
const OPEN_REQUESTS: (usize, usize) = (100, 3000);

/// An open loop that gets this share of what it asks for is kept up with: a run of a few minutes asks for more or less by chance.
const KEEPS_UP: f64 = 0.85;

/// What is asked.
#[derive(Clone, Debug)]
pub enum Traffic {
    /// Alike requests.
    Load(Load),
    /// A trace.
    Recorded(Recorded),
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// So many users at once, each of whom sends when answered.
    Users(NonZeroUsize),
    /// So many requests a second, whatever happens to the others.
    Rate(f64),
    /// A trace, so many times as fast as it was recorded.
    Speed(f64),
}

impl Level {
    /// The number alone.
    #[must_use]
    pub fn amount(self) -> f64 {
        match self {
            Self::Users(users) => users.get() as f64,
            Self::Rate(amount) | Self::Speed(amount) => amount,
        }
    }

    /// The same kind, of another amount: users are whole, at least one.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "users are few and above 0")]
    pub fn with_amount(self, amount: f64) -> Self {
        match self {
            Self::Users(_) => Self::Users(NonZeroUsize::new(amount.round() as usize).unwrap_or(NonZeroUsize::MIN)),
            Self::Rate(_) => Self::Rate(amount),
            Self::Speed(_) => Self::Speed(amount),
        }
    }
}

impl Traffic {
    /// The same at another level; a load knows no speed and a trace nothing else, and both then stay as they are.
    #[must_use]
    pub fn at(&self, level: Level) -> Self {
        match (self, level) {
            (Self::Load(load), Level::Users(users)) => {
                Self::Load(Load { pattern: Pattern::Closed(users), requests: Load::waves(users), ..*load })
            }
            (Self::Load(load), Level::Rate(rate)) => {
                Self::Load(Load { pattern: Pattern::Poisson(rate), requests: open_requests(rate), ..*load })
            }
            (Self::Recorded(recorded), Level::Speed(speed)) => Self::Recorded(recorded.at_speed(speed)),
            _ => self.clone(),
        }
    }

    /// Whether engines that give so many output tokens a second answer as much as is asked of them; users who wait ask for no more.
    #[must_use]
    pub fn is_kept_up_with(&self, output_tps: f64) -> bool {
        self.demand_tps().is_none_or(|demand| KEEPS_UP * demand <= output_tps)
    }

    /// Rehearses it on one engine. Where requests come by themselves, the throughput is what is asked for while the engine keeps up, else the
    /// sustained one.
    pub fn rehearse(&self, config: EngineConfig) -> Result<LoadFigures, ForecastError> {
        let mut figures = match self {
            Self::Load(load) => load.rehearse(config)?,
            Self::Recorded(recorded) => recorded.rehearse(config)?,
        };
        if let Some(demand) = self.demand_tps() {
            let sustained = figures.sustained_tps.unwrap_or(figures.output_tps);
            figures.output_tps = if KEEPS_UP * demand <= sustained { demand } else { sustained };
        }
        Ok(figures)
    }

    /// Output tokens a second that are asked for where requests come by themselves; `None` for users who wait.
    #[must_use]
    pub fn demand_tps(&self) -> Option<f64> {
        match self {
            Self::Load(load) => match load.pattern {
                Pattern::Closed(_) => None,
                Pattern::Poisson(rate) => {
                    Some(rate * f64::from(load.output_tokens.get()) * f64::midpoint(load.shortest.min(1.0), 1.0))
                }
            },
            Self::Recorded(recorded) => recorded.demand_tps(),
        }
    }

    /// Shared out to `lanes` engines: what each of so many of them gets. Users are shared as evenly as they can be, so that some engines may
    /// have one more, or none; a rate is split; a trace's requests go round.
    #[must_use]
    pub fn shared(&self, lanes: NonZeroUsize) -> Vec<(usize, Self)> {
        let count = lanes.get();
        match self {
            Self::Load(load) => match load.pattern {
                Pattern::Closed(users) => {
                    let (each, more) = (users.get() / count, users.get() % count);
                    [(more, each + 1), (count - more, each)]
                        .into_iter()
                        .filter_map(|(engines, users)| {
                            let users = NonZeroUsize::new(users).filter(|_| 0 < engines)?;
                            Some((engines, self.at(Level::Users(users))))
                        })
                        .collect()
                }
                Pattern::Poisson(rate) => vec![(count, self.at(Level::Rate(rate / count as f64)))],
            },
            Self::Recorded(recorded) => {
                (0..count).map(|lane| (1, Self::Recorded(recorded.of_lane(lane, count)))).collect()
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within a few thousand")]
fn open_requests(rate: f64) -> usize {
    ((rate * OPEN_SECONDS) as usize).clamp(OPEN_REQUESTS.0, OPEN_REQUESTS.1)
}

#[cfg(test)]
mod tests {
    use rehearsal_fake::profile::ClientExtras;

    use super::*;

    #[test]
    fn users_are_shared_as_evenly_as_they_can_be() {
        let shares = |users: usize, lanes: usize| {
            let load = Load::of_the_report(ClientExtras::default(), NonZeroUsize::new(users).unwrap());
            let shared = Traffic::Load(load).shared(NonZeroUsize::new(lanes).unwrap());
            shared
                .into_iter()
                .map(|(engines, traffic)| match traffic {
                    Traffic::Load(Load { pattern: Pattern::Closed(users), .. }) => (engines, users.get()),
                    other => panic!("{other:?}"),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(shares(16, 2), [(2, 8)]);
        assert_eq!(shares(7, 3), [(1, 3), (2, 2)]);
        assert_eq!(shares(1, 2), [(1, 1)]);
    }
}
