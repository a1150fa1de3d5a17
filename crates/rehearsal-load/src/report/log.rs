//! The lines of the JSONL log. Each has an `event` that says which kind it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Completion, PlanSummary, RequestRecord, SCHEMA_VERSION};
use crate::{metrics::seconds, plan::LoadPlan, server_side::ServerSnapshot};

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogLine {
    /// First line: what runs.
    Started(StartLine),
    /// The warm-up request; its instants count from its own start.
    WarmedUp(RequestRecord),
    /// A measured request, in the order in which they ended.
    Request(RequestRecord),
    /// A reading of the server's `/metrics` page.
    Server(ServerSnapshot),
    /// Last line, missing when the generator was killed.
    Ended(EndLine),
    /// A line of a later version, which a reader passes over.
    #[serde(other)]
    Unknown,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartLine {
    /// Version of the log's lines.
    pub schema_version: u32,
    /// What was asked for.
    pub plan: PlanSummary,
    /// When the measured run began on the calendar: nanoseconds since 1970, UTC. Only exports use it.
    #[serde(default)]
    pub started_unix_ns: Option<u64>,
}

/// The last line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EndLine {
    /// The measured window.
    pub window_ns: u64,
    /// The same in seconds: `window_ns / 1e9`.
    pub window_s: f64,
    /// Whether the run ran to its end.
    pub completion: Completion,
}

impl LogLine {
    pub(crate) fn started(plan: &LoadPlan, unix: Option<Duration>) -> Self {
        let started_unix_ns = unix.map(super::record::nanos);
        Self::Started(StartLine { schema_version: SCHEMA_VERSION, plan: PlanSummary::from(plan), started_unix_ns })
    }

    pub(crate) fn ended(window: Duration, completion: Completion) -> Self {
        let window_ns = super::record::nanos(window);
        Self::Ended(EndLine { window_ns, window_s: seconds(window), completion })
    }
}
