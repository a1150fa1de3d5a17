//! What a fit leaves open: intervals of the coefficients and of forecasts.

use rehearsal_fake::{
    engine::EngineConfig,
    profile::{
        Profile,
        describe::{Coefficients, Link},
    },
};
use serde::Serialize;

use super::{
    Belief, Fit,
    fit::COUNT,
    matrix::{Matrix, cholesky, columns},
};
use crate::forecast::{Band, Ensemble, ForecastError, Load, Traffic};

/// Standard deviations on either side of a 95 % interval.
const NORMAL_95: f64 = 1.96;
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
        Ok(self.posterior.ensemble(engine).forecast(&Traffic::Load(*load))?.output_tps)
    }
}

impl Belief {
    /// Engines like `engine` with the step times that are believed.
    #[must_use]
    pub fn ensemble(&self, engine: &EngineConfig) -> Ensemble {
        let axes = cholesky(&self.covariance).map_or(Vec::new(), |factor| columns(&factor).to_vec());
        Ensemble::around(engine, self.coefficients, axes)
    }

    /// What a profile of the linear form says, with its covariance or with none; `None` for any other form.
    #[must_use]
    pub fn of_profile(profile: &Profile) -> Option<Self> {
        let coefficients = Coefficients::of(&profile.step_time)?;
        Some(Self { coefficients, covariance: profile.log_covariance.unwrap_or([[0.0; COUNT]; COUNT]) })
    }

    /// The same over `stages` of a pipeline, connected by `link`.
    #[must_use]
    pub fn over_stages(self, stages: u32, link: &Link, hidden_size: u32) -> Self {
        Self { coefficients: self.coefficients.over_stages(stages, link, hidden_size), ..self }
    }

    /// Covariances of the coefficients' logarithms, in the order of `Coefficients::to_array`.
    #[must_use]
    pub fn log_covariance(&self) -> Matrix<COUNT> {
        self.covariance
    }
}

fn interval(belief: &Belief, index: usize) -> Band {
    let (likely, reach) = (belief.coefficients.to_array()[index], (NORMAL_95 * belief.deviations()[index]).exp());
    Band { likely, low: likely / reach, high: likely * reach }
}
