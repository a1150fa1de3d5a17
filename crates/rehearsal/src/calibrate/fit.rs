//! The fit: coefficients whose simulated runs come closest to the measured ones, without straying from physics for no reason.

use rehearsal_fake::{engine::EngineConfig, profile::describe::Coefficients};
use thiserror::Error;

use super::{
    Figure, Row,
    matrix::{Matrix, cholesky, inverse, solve},
};
use crate::forecast::{ForecastError, LoadFigures, MODEL_ERROR};

/// Coefficients of [`Coefficients`].
pub(super) const COUNT: usize = 5;
/// Steps of the search; it settles in four to eight.
const MOST_ITERATIONS: usize = 15;
/// Change of a logarithm for the slopes: large enough that a simulation, which moves in steps, does move.
const DIFFERENCE: f64 = 0.02;

/// What is believed of a configuration before and, fitted, after measuring.
#[derive(Clone, Debug)]
pub struct Belief {
    /// The most believed coefficients.
    pub coefficients: Coefficients,
    /// Covariances of their logarithms.
    pub(super) covariance: Matrix<COUNT>,
}

/// A fit of one configuration.
#[derive(Clone, Debug)]
pub struct Fit {
    /// GPUs that the model is split over.
    pub tensor_parallel: u32,
    /// What physics says.
    pub prior: Belief,
    /// What is believed now.
    pub posterior: Belief,
    /// How far off the fit is, on the rows it saw and on those it did not.
    pub residuals: Vec<Residual>,
}

/// A measured figure beside its simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// Index of the row.
    pub row: usize,
    /// Which figure.
    pub figure: Figure,
    /// As measured.
    pub measured: f64,
    /// As simulated with the fitted coefficients.
    pub simulated: f64,
}

impl Residual {
    /// Simulated / measured - 1.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.simulated / self.measured - 1.0
    }
}

/// Why nothing was fitted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FitError {
    /// A row that the engine does not take.
    #[error("{row}: {error}")]
    Row {
        /// The row.
        row: String,
        /// Why.
        error: ForecastError,
    },
    /// The equations have no solution.
    #[error("the fit of TP={tensor_parallel} found no solution; look for a row that contradicts the others")]
    Singular {
        /// The configuration.
        tensor_parallel: u32,
    },
}

impl Belief {
    /// What `expected` and the standard deviations of its logarithms say.
    #[must_use]
    pub fn independent(expected: Coefficients, spread: Coefficients) -> Self {
        let mut covariance = [[0.0; COUNT]; COUNT];
        for (index, deviation) in spread.to_array().into_iter().enumerate() {
            covariance[index][index] = deviation * deviation;
        }
        Self { coefficients: expected, covariance }
    }

    /// Standard deviations of the coefficients' logarithms.
    #[must_use]
    pub fn deviations(&self) -> [f64; COUNT] {
        std::array::from_fn(|index| self.covariance[index][index].sqrt())
    }
}

impl Fit {
    /// Fits one configuration to those of `rows` (all of this configuration) that are for it, and tries it on all.
    pub fn of(
        tensor_parallel: u32,
        prior: Belief,
        engine: &EngineConfig,
        rows: &[(usize, &Row)],
    ) -> Result<Self, FitError> {
        let search = Search { engine, rows, tensor_parallel };
        let fitted: Vec<(&Row, Figure, f64)> = rows
            .iter()
            .filter(|(_, row)| row.role == super::Role::Fit)
            .filter_map(|(_, row)| {
                let figure = row.fitted_figure()?;
                Some((*row, figure, row.observed.get(figure)?))
            })
            .collect();
        let posterior = search.posterior(&prior, &fitted)?;
        let residuals = search.residuals(&posterior)?;
        Ok(Self { tensor_parallel, prior, posterior, residuals })
    }
}

struct Search<'a> {
    engine: &'a EngineConfig,
    rows: &'a [(usize, &'a Row)],
    tensor_parallel: u32,
}

impl Search<'_> {
    /// Gauss and Newton's method on the logarithms, its step halved until it helps.
    fn posterior(&self, prior: &Belief, fitted: &[(&Row, Figure, f64)]) -> Result<Belief, FitError> {
        let singular = FitError::Singular { tensor_parallel: self.tensor_parallel };
        let Some(prior_factor) = cholesky(&prior.covariance) else { return Err(singular) };
        let precision = inverse(&prior_factor);
        let start = prior.coefficients.to_array().map(f64::ln);
        let cost = |at: &[f64; COUNT], errors: &[f64]| {
            let data: f64 = errors.iter().map(|error| error * error).sum();
            let away: [f64; COUNT] = std::array::from_fn(|index| at[index] - start[index]);
            data + quadratic(&precision, &away)
        };
        let mut at = start;
        let mut errors = self.errors(&at, fitted)?;
        let mut curvature = precision;
        for _ in 0..MOST_ITERATIONS {
            let slopes = self.slopes(&at, &errors, fitted)?;
            curvature = precision;
            let mut gradient = [0.0; COUNT];
            for row in 0..COUNT {
                for column in 0..COUNT {
                    let data: f64 = slopes.iter().map(|slope| slope[row] * slope[column]).sum();
                    curvature[row][column] += data;
                    gradient[row] -= precision[row][column] * (at[column] - start[column]);
                }
                gradient[row] -= slopes.iter().zip(&errors).map(|(slope, error)| slope[row] * error).sum::<f64>();
            }
            let Some(factor) = cholesky(&curvature) else { return Err(singular) };
            let step = solve(&factor, gradient);
            let before = cost(&at, &errors);
            let mut share = 1.0;
            let moved = loop {
                let next: [f64; COUNT] = std::array::from_fn(|index| at[index] + share * step[index]);
                let next_errors = self.errors(&next, fitted)?;
                if cost(&next, &next_errors) < before {
                    (at, errors) = (next, next_errors);
                    break share * step.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
                }
                share *= 0.5;
                if share < 0.05 {
                    break 0.0;
                }
            };
            if moved < 1e-3 {
                break;
            }
        }
        let Some(factor) = cholesky(&curvature) else { return Err(singular) };
        Ok(Belief { coefficients: Coefficients::from_array(at.map(f64::exp)), covariance: inverse(&factor) })
    }

    /// Logarithms of simulated over measured, in units of the model's error.
    fn errors(&self, at: &[f64; COUNT], fitted: &[(&Row, Figure, f64)]) -> Result<Vec<f64>, FitError> {
        let coefficients = Coefficients::from_array(at.map(f64::exp));
        let mut errors = Vec::with_capacity(fitted.len());
        for (row, figure, measured) in fitted {
            let simulated = figure.of(&simulate(self.engine, &coefficients, row)?);
            // a run without the figure is as far off as can be told
            errors.push(simulated.map_or(100.0, |simulated| (simulated / measured).ln() / MODEL_ERROR));
        }
        Ok(errors)
    }

    fn slopes(
        &self,
        at: &[f64; COUNT],
        errors: &[f64],
        fitted: &[(&Row, Figure, f64)],
    ) -> Result<Vec<[f64; COUNT]>, FitError> {
        let mut slopes = vec![[0.0; COUNT]; errors.len()];
        for index in 0..COUNT {
            let mut moved = *at;
            moved[index] += DIFFERENCE;
            for ((slope, after), before) in slopes.iter_mut().zip(self.errors(&moved, fitted)?).zip(errors) {
                slope[index] = (after - before) / DIFFERENCE;
            }
        }
        Ok(slopes)
    }

    fn residuals(&self, belief: &Belief) -> Result<Vec<Residual>, FitError> {
        let mut residuals = Vec::new();
        for (index, row) in self.rows {
            let figures = simulate(self.engine, &belief.coefficients, row)?;
            for figure in Figure::ALL {
                if let (Some(measured), Some(simulated)) = (row.observed.get(figure), figure.of(&figures)) {
                    residuals.push(Residual { row: *index, figure, measured, simulated });
                }
            }
        }
        Ok(residuals)
    }
}

/// The run of a row on an engine whose steps cost what the coefficients say.
fn simulate(engine: &EngineConfig, coefficients: &Coefficients, row: &Row) -> Result<LoadFigures, FitError> {
    let config = EngineConfig { step_time: coefficients.step_time(), ..engine.clone() };
    row.load.rehearse(config).map_err(|error| FitError::Row { row: row.name.clone(), error })
}

fn quadratic(matrix: &Matrix<COUNT>, vector: &[f64; COUNT]) -> f64 {
    let row = |row: usize| -> f64 { (0..COUNT).map(|column| matrix[row][column] * vector[column]).sum() };
    (0..COUNT).map(|index| vector[index] * row(index)).sum()
}
