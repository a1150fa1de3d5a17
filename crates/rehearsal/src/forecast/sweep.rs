//! One load at rising concurrency, on several models that fit the same measurement.

use std::num::NonZeroUsize;

use rehearsal_fake::profile::{Profile, StartRefusal};
use serde::Serialize;
use thiserror::Error;

use super::{Band, ForecastError, Load, LoadFigures};

/// What a configuration delivers at each concurrency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sweep {
    /// GPUs that the model is split over.
    pub tensor_parallel: u32,
    /// The profiles asked, the one that is believed most first.
    pub profiles: Vec<String>,
    /// A point a concurrency, in the order asked.
    pub points: Vec<SweepPoint>,
}

/// One concurrency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepPoint {
    /// Requests at a time.
    pub concurrency: NonZeroUsize,
    /// Output tokens a second.
    pub output_tps: Band,
    /// All figures, in the order of the profiles.
    pub figures: Vec<LoadFigures>,
}

/// Why a sweep came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SweepError {
    /// Such an engine would not start.
    #[error("profile {profile}: {refusal}")]
    Refused {
        /// Its name.
        profile: String,
        /// vLLM's sentence.
        refusal: StartRefusal,
    },
    /// It does not take the load.
    #[error("profile {profile} at concurrency {concurrency}: {error}")]
    Load {
        /// Its name.
        profile: String,
        /// Requests at a time.
        concurrency: NonZeroUsize,
        /// Why.
        error: ForecastError,
    },
}

impl Sweep {
    /// Rehearses `load(concurrency)` for each of `concurrencies` on `likely` and on the `others`.
    pub fn of(
        load: impl Fn(NonZeroUsize) -> Load,
        likely: &Profile,
        others: &[Profile],
        concurrencies: &[NonZeroUsize],
    ) -> Result<Self, SweepError> {
        let profiles = || std::iter::once(likely).chain(others);
        let point = |concurrency: NonZeroUsize| {
            let figures = profiles()
                .map(|profile| rehearse(&load(concurrency), profile, concurrency))
                .collect::<Result<Vec<LoadFigures>, SweepError>>()?;
            let output_tps = Band::of(figures[0].output_tps, figures.iter().map(|figures| figures.output_tps));
            Ok(SweepPoint { concurrency, output_tps, figures })
        };
        Ok(Self {
            tensor_parallel: likely.tensor_parallel,
            profiles: profiles().map(|profile| profile.name.clone()).collect(),
            points: concurrencies.iter().map(|concurrency| point(*concurrency)).collect::<Result<_, SweepError>>()?,
        })
    }
}

fn rehearse(load: &Load, profile: &Profile, concurrency: NonZeroUsize) -> Result<LoadFigures, SweepError> {
    let config =
        profile.engine_config().map_err(|refusal| SweepError::Refused { profile: profile.name.clone(), refusal })?;
    load.rehearse(config).map_err(|error| SweepError::Load { profile: profile.name.clone(), concurrency, error })
}

#[cfg(test)]
mod tests {
    use rehearsal_fake::profile::Profile;

    use super::*;

    /// Output tokens a second that an independent simulator gives for the kernel table (scenario B): 89 tokens in, 256 out, closed loop.
    const REFERENCE: [(u32, [f64; 7]); 2] =
        [(1, [12.9, 25.5, 51.8, 110.0, 260.9, 514.0, 1000.0]), (2, [19.5, 38.6, 76.7, 160.0, 348.0, 666.0, 1216.0])];

    #[test]
    fn the_sweep_agrees_with_an_independent_simulator() {
        let client = Profile::builtin("report-tp1").unwrap().client;
        let concurrencies = [1, 2, 4, 8, 16, 32, 64].map(|c| NonZeroUsize::new(c).unwrap());
        for (ranks, reference) in REFERENCE {
            let likely = Profile::builtin(&format!("rtxpro6000-72b-fp8-tp{ranks}")).unwrap();
            let other = Profile::builtin(&format!("rtxpro6000-72b-fp8-roofline-tp{ranks}")).unwrap();
            let sweep = Sweep::of(|c| Load::of_the_report(client, c), &likely, &[other], &concurrencies).unwrap();
            for (point, expect) in sweep.points.iter().zip(reference) {
                let got = point.output_tps;
                assert!((got.likely / expect - 1.0).abs() < 0.005, "TP={ranks}, {point:?}: expected {expect}");
                assert!(got.low <= got.likely && got.likely <= got.high && got.low < got.high, "{point:?}");
            }
        }
    }
}
