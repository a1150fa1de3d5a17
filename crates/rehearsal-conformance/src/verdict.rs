//! What a case can conclude.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How binding a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Arithmetic or protocol that holds on every server: missing it is [`Verdict::Fail`].
    Must,
    /// What the server's profile was recorded to do: missing it is [`Verdict::NonStrict`].
    Should,
    /// Nothing is demanded; what the server does is recorded.
    Info,
}

impl Level {
    /// The level as reports write it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Info => "INFO",
        }
    }
}

/// The outcome of a case, or of one finding in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Verdict {
    /// As expected.
    Pass,
    /// A MUST does not hold.
    Fail,
    /// A SHOULD does not hold; fails only a strict run.
    NonStrict,
    /// Wrong in the way in which this version of vLLM is known to be wrong.
    KnownBug {
        /// The upstream issue, or where the fault was recorded.
        issue: String,
    },
    /// Right, where this version of vLLM is known to be wrong: news for whoever validates a version.
    FixedBug {
        /// The upstream issue, or where the fault was recorded.
        issue: String,
    },
    /// The server does not have the endpoint or option.
    Unimplemented {
        /// What it answered instead.
        reason: String,
    },
    /// Not run, because a precondition does not hold.
    Skipped {
        /// Which one.
        reason: String,
    },
    /// Run, but the answers do not allow a judgement.
    Inconclusive {
        /// Why not.
        reason: String,
    },
}

impl Verdict {
    /// The verdict as reports write it.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::NonStrict => "NON-STRICT",
            Self::KnownBug { .. } => "KNOWN-BUG",
            Self::FixedBug { .. } => "FIXED-BUG",
            Self::Unimplemented { .. } => "UNIMPLEMENTED",
            Self::Skipped { .. } => "SKIPPED",
            Self::Inconclusive { .. } => "INCONCLUSIVE",
        }
    }

    /// The issue or reason, where the verdict has one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass | Self::Fail | Self::NonStrict => None,
            Self::KnownBug { issue } | Self::FixedBug { issue } => Some(issue),
            Self::Unimplemented { reason } | Self::Skipped { reason } | Self::Inconclusive { reason } => Some(reason),
        }
    }

    /// The verdict of a case with these findings: the gravest, where a part that could not be run weighs less than one
    /// that passed.
    pub(crate) fn of<'a>(findings: impl IntoIterator<Item = &'a Self>) -> Self {
        let gravest = findings.into_iter().max_by_key(|verdict| verdict.gravity());
        gravest.cloned().unwrap_or_else(|| Self::Inconclusive { reason: "the case looked at nothing".into() })
    }

    fn gravity(&self) -> u8 {
        match self {
            Self::Skipped { .. } => 0,
            Self::Unimplemented { .. } => 1,
            Self::Pass => 2,
            Self::FixedBug { .. } => 3,
            Self::Inconclusive { .. } => 4,
            Self::KnownBug { .. } => 5,
            Self::NonStrict => 6,
            Self::Fail => 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_finding_decides() {
        let skipped = Verdict::Skipped { reason: "no /tokenize".into() };
        let known = Verdict::KnownBug { issue: "#1".into() };
        assert_eq!(Verdict::of([&skipped, &Verdict::Pass]), Verdict::Pass);
        assert_eq!(Verdict::of([&Verdict::Pass, &known]), known);
        assert_eq!(Verdict::of([&known, &Verdict::Fail, &Verdict::Pass]), Verdict::Fail);
        assert_eq!(Verdict::of([&skipped]), skipped);
        assert_eq!(Verdict::of([]).label(), "INCONCLUSIVE");
    }

    #[test]
    fn json_has_the_label_and_the_reason() {
        let json = serde_json::to_string(&Verdict::KnownBug { issue: "#36379".into() }).unwrap();
        assert_eq!(json, r##"{"verdict":"KNOWN-BUG","issue":"#36379"}"##);
        assert_eq!(serde_json::to_string(&Verdict::NonStrict).unwrap(), r#"{"verdict":"NON-STRICT"}"#);
    }
}
