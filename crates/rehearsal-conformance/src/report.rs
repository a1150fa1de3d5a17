//! What a run found, as data.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    check::Check,
    client::ClientUnderTest,
    exchange::Exchange,
    profile::Detection,
    survey::Facts,
    target::ServerFlag,
    verdict::{Level, Verdict},
};

/// The version of the report's form; a change that breaks readers raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of a run of the suite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteReport {
    /// The version of this form.
    pub schema_version: u32,
    /// The version of the suite.
    pub suite_version: String,
    /// The seed of the run's prompts.
    pub seed: u64,
    /// What the target is called.
    pub target: String,
    /// What the server said about itself.
    pub facts: Facts,
    /// The profile whose expectations held.
    pub detection: Detection,
    /// The flags that the server is said to have been started with.
    pub flags: BTreeSet<ServerFlag>,
    /// The server's own command line, as its owner told it; kept, and not verified.
    #[serde(default)]
    pub server_command: Option<String>,
    /// How many cases came to each verdict.
    pub counts: VerdictCounts,
    /// The cases in the suite's order.
    pub cases: Vec<CaseReport>,
    /// Why the run ended before its last case, if it did.
    pub ended_early: Option<String>,
    /// When the run ended, as RFC 3339 in UTC; the library, which reads no clock, leaves it out.
    #[serde(default)]
    pub recorded_at: Option<String>,
    /// The client, where the report is about one: what is said of the server is then said of the one that was played to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientUnderTest>,
}

/// How many cases came to each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each field counts the verdict whose name it has")]
pub struct VerdictCounts {
    pub pass: usize,
    pub fail: usize,
    pub non_strict: usize,
    pub known_bug: usize,
    pub fixed_bug: usize,
    pub unimplemented: usize,
    pub skipped: usize,
    pub inconclusive: usize,
}

/// One case's verdict, with what was sent, expected and seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseReport {
    /// The case's id.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// What should hold.
    pub title: String,
    /// What it sends, in words.
    pub sends: String,
    /// What it expects of this profile, in words.
    pub expects: String,
    /// Where the expectation comes from.
    pub reference: String,
    /// The outcome.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Each thing that was looked at.
    pub findings: Vec<Finding>,
    /// Each request and its answer.
    pub exchanges: Vec<Exchange>,
}

/// One thing that a case looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked at.
    pub about: String,
    /// What was expected: JSON, or words.
    pub expected: String,
    /// What was seen, as JSON.
    pub seen: String,
    /// The outcome.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The last exchange before the judgement, counted from 0 in the case's `exchanges`.
    pub exchange: Option<usize>,
}

/// Which verdicts fail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// FAIL only.
    #[default]
    Normal,
    /// NON-STRICT too.
    Strict,
}

impl SuiteReport {
    /// Whether the run fails at this strictness.
    #[must_use]
    pub fn failed(&self, strictness: Strictness) -> bool {
        0 < self.counts.fail || (strictness == Strictness::Strict && 0 < self.counts.non_strict)
    }

    /// The JSON Schema of this report.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The server's version, with its frontend where that is not the usual one: `0.32.0`, `0.32.0-rust`, `unknown version`.
    #[must_use]
    pub fn version(&self) -> String {
        let identity = &self.facts.identity;
        match (&identity.version, &identity.rust_frontend_version) {
            (Some(version), None) => version.clone(),
            (Some(version), Some(_)) => format!("{version}-rust"),
            (None, _) => "unknown version".to_owned(),
        }
    }

    /// The case with this id.
    #[must_use]
    pub fn case(&self, id: &str) -> Option<&CaseReport> {
        self.cases.iter().find(|case| case.id == id)
    }

    /// The families of the cases, in the suite's order, each once.
    pub(crate) fn families(&self) -> Vec<&str> {
        let mut families: Vec<&str> = self.cases.iter().map(CaseReport::family).collect();
        families.dedup();
        families
    }

    /// The report as indented JSON.
    ///
    /// # Panics
    /// Never: every map of the report has strings as keys.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("every map of the report has strings as keys")
    }
}

impl CaseReport {
    /// What the id begins with: `U` of `U-20`.
    pub(crate) fn family(&self) -> &str {
        self.id.split('-').next().unwrap_or_default()
    }

    pub(crate) fn new(check: &Check, detection: Detection, findings: Vec<Finding>, exchanges: Vec<Exchange>) -> Self {
        Self {
            id: check.id.into(),
            level: check.level,
            title: check.title.into(),
            sends: check.sends.into(),
            expects: check.expects.of(detection.profile).into(),
            reference: check.reference.into(),
            verdict: Verdict::of(findings.iter().map(|finding| &finding.verdict)),
            findings,
            exchanges,
        }
    }
}

impl VerdictCounts {
    /// Counts the verdicts of `cases`.
    #[must_use]
    pub fn of(cases: &[CaseReport]) -> Self {
        let mut counts = Self::default();
        for case in cases {
            *counts.slot(&case.verdict) += 1;
        }
        counts
    }

    fn slot(&mut self, verdict: &Verdict) -> &mut usize {
        match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Fail => &mut self.fail,
            Verdict::NonStrict => &mut self.non_strict,
            Verdict::KnownBug { .. } => &mut self.known_bug,
            Verdict::FixedBug { .. } => &mut self.fixed_bug,
            Verdict::Unimplemented { .. } => &mut self.unimplemented,
            Verdict::Skipped { .. } => &mut self.skipped,
            Verdict::Inconclusive { .. } => &mut self.inconclusive,
        }
    }
}
