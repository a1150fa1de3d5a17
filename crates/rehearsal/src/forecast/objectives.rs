//! What a service promises.

use serde::Serialize;

use super::LoadFigures;

/// Times that 99 of 100 requests stay within; `None` promises nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Objectives {
    /// Milliseconds to the first token.
    pub ttft_ms: Option<f64>,
    /// Milliseconds a token after the first.
    pub tpot_ms: Option<f64>,
}

impl Objectives {
    /// Whether anything is promised.
    #[must_use]
    pub fn are_given(&self) -> bool {
        self.ttft_ms.is_some() || self.tpot_ms.is_some()
    }

    /// Whether a run kept them. A figure that was not measured breaks nothing.
    #[must_use]
    pub fn are_met_by(&self, figures: &LoadFigures) -> bool {
        let within = |limit_ms: Option<f64>, seconds: Option<f64>| match (limit_ms, seconds) {
            // a rounding error of the simulated clock, not a broken promise
            (Some(limit), Some(seconds)) => seconds * 1e3 <= limit * (1.0 + 1e-9),
            _ => true,
        };
        within(self.ttft_ms, figures.ttft_p99_s) && within(self.tpot_ms, figures.tpot_p99_s)
    }
}
