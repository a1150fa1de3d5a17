//! What a fit leaves open: intervals of the coefficients and of forecasts.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rehearsal_fake::{engine::EngineConfig, profile::describe::Coefficients};
use serde::Serialize;

use super::{Belief, Fit, fit::COUNT, matrix::cholesky};
use crate::forecast::{Band, ForecastError, Load, LoadFigures};

/// Standard deviations on either side of a 95 % interval.
const NORMAL_95: f64 = 1.96;
/// Draws of the coefficients for the interval of a forecast.
const DRAWS: usize = 80;
/// What the form of step time leaves unexplained, as a share; see the fit.
const MODEL_ERROR: f64 = 0.02;
/// A coefficient whose uncertainty the rows have not reduced to this share of the prior's is called not identifiable.
const IDENTIFIED: f64 = 0.7;

/// What is known of one coefficient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The fitted value and its 95 % interval.
    pub value: Band,
    /// What physics said beforehand, with its 95 % interval.
    pub prior: Band,
    /// Whether the rows say anything about it that the prior did not.
    pub identifiable: bool,
}

/// Names and units in the order of [`Coefficients::to_array`].
const NAMES: [(&str, &str); COUNT] = [
    ("fixed cost of a step", "ms"),
    ("factor on it up to 8 requests", ""),
    ("batch slope: each decoding request", "ms"),
    ("KV slope: each KV token read", "ms"),
    ("prefill: each prompt token", "ms"),
];

impl Fit {
    /// What is known of each coefficient.
    #[must_use]
    pub fn estimates(&self) -> Vec<Estimate> {
        let (before, after) = (self.prior.deviations(), self.posterior.deviations());
        (0..COUNT)
            .map(|index| Estimate {
                name: NAMES[index].0,
                unit: NAMES[index].1,
                value: interval(&self.posterior, index),
                prior: interval(&self.prior, index),
                identifiable: after[index] < IDENTIFIED * before[index],
            })
            .collect()
    }

    /// Output tokens a second of a load: with the fitted coefficients, and the interval that 95 % of the coefficients still possible span.
    pub fn forecast(&self, engine: &EngineConfig, load: &Load) -> Result<Band, ForecastError> {
        let rehearse = |coefficients: &Coefficients| -> Result<LoadFigures, ForecastError> {
            load.rehearse(EngineConfig { step_time: coefficients.step_time(), ..engine.clone() })
        };
        let likely = rehearse(&self.posterior.coefficients)?.output_tps;
        let mut generator = ChaCha8Rng::seed_from_u64(u64::from(self.tensor_parallel));
        let mut throughputs = Vec::with_capacity(DRAWS);
        for _ in 0..DRAWS {
            let coefficients = self.posterior.draw(&mut generator);
            let unexplained: f64 = StandardNormal.sample(&mut generator);
            throughputs.push(rehearse(&coefficients)?.output_tps * (unexplained * MODEL_ERROR).exp());
        }
        throughputs.sort_unstable_by(f64::total_cmp);
        let (low, high) = (throughputs[DRAWS / 40], throughputs[DRAWS - 1 - DRAWS / 40]);
        Ok(Band { likely, low: low.min(likely), high: high.max(likely) })
    }
}

impl Belief {
    /// Coefficients that may be.
    fn draw(&self, generator: &mut ChaCha8Rng) -> Coefficients {
        let normal: [f64; COUNT] = std::array::from_fn(|_| StandardNormal.sample(generator));
        let centre = self.coefficients.to_array();
        let Some(factor) = cholesky(&self.covariance) else { return self.coefficients };
        Coefficients::from_array(std::array::from_fn(|row| {
            let shift: f64 = (0..=row).map(|column| factor[row][column] * normal[column]).sum();
            centre[row] * shift.exp()
        }))
    }
}

fn interval(belief: &Belief, index: usize) -> Band {
    let (likely, reach) = (belief.coefficients.to_array()[index], (NORMAL_95 * belief.deviations()[index]).exp());
    Band { likely, low: likely / reach, high: likely * reach }
}
