//! The differences between two recordings, as data.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{report::SuiteReport, target::ServerFlag};

/// The version of the form of a [`Comparison`]; a change that breaks readers raises it.
const SCHEMA_VERSION: u32 = 1;

/// What changed between two servers that the suite was run against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The version of this form.
    pub schema_version: u32,
    /// The first server.
    pub before: Side,
    /// The second server.
    pub after: Side,
    /// How many cases both ran.
    pub cases: usize,
    /// Cases that only one of them ran: another suite, another filter, or a run that ended early.
    pub not_compared: Vec<String>,
    /// The differences, topic by topic, and in a topic those that most cases show first.
    pub differences: Vec<Difference>,
}

/// One of the two servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// How differences call it: its version, and its address where both have the same.
    pub name: String,
    /// The server's command line, as told when it was recorded.
    pub server_command: Option<String>,
    /// The flags that it is said to have been started with, of those that a case depends on.
    pub flags: BTreeSet<ServerFlag>,
    /// When it was recorded, as RFC 3339 in UTC.
    pub recorded_at: Option<String>,
    /// The suite that recorded it.
    pub suite_version: String,
}

/// One thing that one server does and the other does not, and the cases that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What it is about.
    pub topic: Topic,
    /// Where it shows: `chat`, `chat stream, first chunk`, `/metrics` …
    pub places: Vec<String>,
    /// What differs: a request, a key, a header.
    pub what: String,
    /// What the first server does.
    pub before: String,
    /// What the second server does.
    pub after: String,
    /// The cases whose answers show it.
    pub cases: Vec<String>,
}

/// What a difference is about, in the order of a release note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// When usage comes, its keys, and what it counts.
    Usage,
    /// Requests that one server answers and the other refuses.
    Requests,
    /// How streams are cut into events.
    Streams,
    /// The keys of answers and what stands in them.
    Answers,
    /// What errors say.
    Errors,
    /// Response headers.
    Headers,
    /// The families of `/metrics`, with their labels and buckets.
    Metrics,
    /// Cases that come to another verdict.
    Verdicts,
}

impl Topic {
    /// The heading above its differences.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Usage => "Usage",
            Self::Requests => "Requests accepted and refused",
            Self::Streams => "Streams",
            Self::Answers => "Answers",
            Self::Errors => "Errors",
            Self::Headers => "Headers",
            Self::Metrics => "Metrics",
            Self::Verdicts => "Verdicts",
        }
    }
}

impl Comparison {
    pub(super) fn new(before: &SuiteReport, after: &SuiteReport) -> Self {
        let same = before.version() == after.version();
        let side = |report: &SuiteReport, place: &str| Side {
            name: if same { format!("{} ({place})", report.version()) } else { report.version() },
            server_command: report.server_command.clone(),
            flags: report.flags.clone(),
            recorded_at: report.recorded_at.clone(),
            suite_version: report.suite_version.clone(),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            before: side(before, "first"),
            after: side(after, "second"),
            cases: 0,
            not_compared: Vec::new(),
            differences: Vec::new(),
        }
    }
}
