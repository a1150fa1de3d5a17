//! The runs of a sweep or a search, as one document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Knee, SloOutcome, SloResult};
use crate::report::{Report, SCHEMA_VERSION, Warning, WarningKind};

/// A load must last so many median latencies before its figures no longer depend on how long it lasts: a server that is
/// asked for more than it can do shows it only after its batch is full and its queue has grown.
const LASTING: f64 = 4.0;

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

    /// How long the load lasted, in median latencies: from the first arrival to the last one of an open loop, in waves of a
    /// closed one. `None` without a success.
    fn lasted(&self, variable: Variable) -> Option<f64> {
        let sent = (self.report.counts.finished + self.report.counts.dropped) as f64;
        match variable {
            Variable::Concurrency => Some(sent / self.level),
            Variable::RequestRate => Some(sent / self.level / self.report.latency.e2el_s.as_ref()?.p50.value),
        }
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
    /// Reasons to read the answer with care.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

impl Exploration {
    /// No run yet.
    #[must_use]
    pub fn new(variable: Variable) -> Self {
        Self { schema_version: SCHEMA_VERSION, variable, probes: Vec::new(), knee: None, warnings: Vec::new() }
    }

    /// The search is over. Warns where the runs that decided it were bursts, which tell nothing of a lasting load.
    pub fn end_search(&mut self, knee: Knee) {
        self.knee = Some(knee);
        let variable = self.variable;
        let (from, to) = match knee {
            Knee::Found { highest_met, lowest_missed } => (highest_met, lowest_missed),
            Knee::Unresolved { highest_met, lowest_missed, .. } => {
                (highest_met.unwrap_or(0.0), lowest_missed.unwrap_or(f64::INFINITY))
            }
        };
        let deciding = self.probes.iter().filter(|probe| (from..=to).contains(&probe.level));
        let lasted = deciding.filter_map(|probe| probe.lasted(variable)).min_by(f64::total_cmp);
        if let Some(lasted) = lasted.filter(|lasted| *lasted < LASTING) {
            let message = format!(
                "the deciding runs lasted only {lasted:.1} median latencies, so the answer is what the server bears in a short \
                 burst; give each run more time, or leave its number of requests to the search"
            );
            self.warnings.push(Warning::new(WarningKind::ShortRuns, message));
        }
    }
}
