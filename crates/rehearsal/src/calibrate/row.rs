//! One measured run: what was asked of the server, and what came out.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::forecast::{Load, LoadFigures, Pattern};

/// A measured run of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it comes from, for people.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// GPUs that the model was split over.
    pub tensor_parallel: u32,
    /// What was asked.
    pub load: Load,
    /// What came out.
    pub observed: Observed,
}

/// What a row is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The coefficients are fitted to it.
    #[default]
    Fit,
    /// The fit is tried on it: it has not seen it.
    Holdout,
}

/// The figures of a run; those that were not measured are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// Mean seconds a token after the first.
    pub tpot_s: Option<f64>,
    /// Mean seconds to the first token.
    pub ttft_s: Option<f64>,
    /// Median seconds of a whole request.
    pub latency_p50_s: Option<f64>,
    /// Output tokens a second.
    pub output_tps: Option<f64>,
}

/// One figure of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// See [`Observed::tpot_s`].
    Tpot,
    /// See [`Observed::ttft_s`].
    Ttft,
    /// See [`Observed::latency_p50_s`].
    LatencyP50,
    /// See [`Observed::output_tps`].
    OutputTps,
}

/// What makes a row no row.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RowError {
    /// Nothing to fit to.
    #[error("{row}: no TPOT, latency or output throughput; a row needs one of them")]
    NothingMeasured {
        /// The row.
        row: String,
    },
    /// Two figures that cannot both be.
    #[error("{row}: {what} cannot both be true; look at the row again")]
    Contradiction {
        /// The row.
        row: String,
        /// What contradicts what.
        what: String,
    },
    /// Not a measurement.
    #[error("{row}: `{field}` must be a finite number > 0, got {got}")]
    NotPositive {
        /// The row.
        row: String,
        /// The field.
        field: &'static str,
        /// As given.
        got: f64,
    },
}

/// Relative difference from which two statements about one run contradict each other. Ends of runs, stalls and medians against means make a
/// third; published rows stay within it.
const TOLERANCE: f64 = 0.5;

impl Observed {
    /// The value of a figure.
    #[must_use]
    pub const fn get(&self, figure: Figure) -> Option<f64> {
        match figure {
            Figure::Tpot => self.tpot_s,
            Figure::Ttft => self.ttft_s,
            Figure::LatencyP50 => self.latency_p50_s,
            Figure::OutputTps => self.output_tps,
        }
    }
}

impl Figure {
    /// All of them, those that say most about step time first.
    pub const ALL: [Self; 4] = [Self::Tpot, Self::LatencyP50, Self::OutputTps, Self::Ttft];

    /// The figure in a forecast.
    #[must_use]
    pub fn of(self, figures: &LoadFigures) -> Option<f64> {
        match self {
            Self::Tpot => figures.tpot_mean_s,
            Self::Ttft => figures.ttft_mean_s,
            Self::LatencyP50 => figures.latency_p50_s,
            Self::OutputTps => Some(figures.output_tps),
        }
    }

    /// Its name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tpot => "TPOT",
            Self::Ttft => "TTFT",
            Self::LatencyP50 => "latency p50",
            Self::OutputTps => "output tok/s",
        }
    }
}

impl Row {
    /// The figure that the fit uses: the first of TPOT, latency, throughput that was measured. TTFT holds too much that is not the engine.
    #[must_use]
    pub fn fitted_figure(&self) -> Option<Figure> {
        Figure::ALL
            .into_iter()
            .filter(|figure| *figure != Figure::Ttft)
            .find(|figure| self.observed.get(*figure).is_some())
    }

    /// Refuses a row that cannot be.
    pub fn check(&self) -> Result<(), RowError> {
        let Observed { tpot_s, ttft_s, latency_p50_s, output_tps } = self.observed;
        let given = [("tpot", tpot_s), ("ttft", ttft_s), ("latency_p50", latency_p50_s), ("output_tps", output_tps)];
        for (field, value) in given {
            if let Some(got) = value.filter(|value| !(value.is_finite() && 0.0 < *value)) {
                return Err(RowError::NotPositive { row: self.name.clone(), field, got });
            }
        }
        if self.fitted_figure().is_none() {
            return Err(RowError::NothingMeasured { row: self.name.clone() });
        }
        let contradiction = |what: String| Err(RowError::Contradiction { row: self.name.clone(), what });
        if let (Some(ttft), Some(latency)) = (ttft_s, latency_p50_s)
            && latency * (1.0 + TOLERANCE) < ttft
        {
            return contradiction(format!("TTFT {ttft} s and latency {latency} s"));
        }
        let span = |tpot: f64| tpot * f64::from(self.load.output_tokens.get() - 1);
        if let (Some(tpot), Some(latency)) = (tpot_s, latency_p50_s)
            && latency * (1.0 + TOLERANCE) < span(tpot) * self.load.shortest
        {
            let tokens = self.load.output_tokens;
            return contradiction(format!("TPOT {tpot} s over {tokens} tokens and latency {latency} s"));
        }
        // Little's law: no more than `concurrency` requests can decode at once
        if let (Some(tpot), Some(tps), Pattern::Closed(concurrency)) = (tpot_s, output_tps, self.load.pattern)
            && (1.0 + TOLERANCE) * concurrency.get() as f64 / tpot < tps
        {
            return contradiction(format!(
                "TPOT {tpot} s at {concurrency} requests at a time and {tps} output tokens/s"
            ));
        }
        Ok(())
    }
}
