//! The runs of a sweep or a search, as one document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Knee, SloOutcome, SloResult};
use crate::report::{Report, SCHEMA_VERSION};

/// What differs between the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variable {
    /// Workers of a closed loop.
    Concurrency,
    /// Requests per second of an open loop.
    RequestRate,
}

/// One run at one level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probe {
    /// The level.
    pub level: f64,
    /// The objectives; empty in a sweep without any.
    pub slos: Vec<SloResult>,
    /// The run.
    pub report: Report,
}

impl Probe {
    /// Whether every objective was met.
    #[must_use]
    pub fn meets_all(&self) -> bool {
        self.slos.iter().all(|slo| slo.outcome == SloOutcome::Met)
    }
}

/// All runs of a sweep or a search, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exploration {
    /// Version of this schema and the reports'.
    pub schema_version: u32,
    /// What differs between the runs.
    pub variable: Variable,
    /// The runs.
    pub probes: Vec<Probe>,
    /// What a search came to; `null` for a sweep.
    pub knee: Option<Knee>,
}

impl Exploration {
    /// No run yet.
    #[must_use]
    pub fn new(variable: Variable) -> Self {
        Self { schema_version: SCHEMA_VERSION, variable, probes: Vec::new(), knee: None }
    }
}
