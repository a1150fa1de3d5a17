//! A law: what holds of every request, and the function that looks whether it does.

use futures_util::future::BoxFuture;

use super::trial::Trial;
use crate::{exchange::Exchange, profile::ServerProfile, session::Stop};

/// What a law's function returns.
pub(super) type Judging<'s> = BoxFuture<'s, Result<Judgement, Pass>>;

/// The function of a law.
pub(super) type Judge = for<'s, 'a, 't> fn(&'s mut Trial<'a, 't>) -> Judging<'s>;

/// What holds of every request that can be generated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    /// Unique and stable, such as `P-05`.
    pub(super) id: &'static str,
    /// What holds, as a sentence.
    pub(super) title: &'static str,
    /// What is compared, in words.
    pub(super) says: &'static str,
    /// On what grounds.
    pub(super) reference: &'static str,
    /// The faults that this version is known to have.
    pub(super) known: &'static [Known],
    /// Looks whether it holds.
    pub(super) judge: Judge,
}

/// A breach that a profile is known for, and where that is reported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) profile: ServerProfile,
    /// Whether this breach, with the exchange that shows it, is that fault.
    pub(super) is: fn(&Breach, &Exchange) -> bool,
    pub(super) issue: &'static str,
}

/// Whether a law holds of one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Judgement {
    Holds,
    Broken(Breach),
}

impl Law {
    /// The fault of this profile that a breach is known to be.
    pub(super) fn known(
        &self,
        profile: ServerProfile,
        breach: &Breach,
        exchanges: &[Exchange],
    ) -> Option<&'static str> {
        let exchange = exchanges.get(breach.exchange)?;
        let known = self.known.iter().find(|known| known.profile == profile && (known.is)(breach, exchange))?;
        Some(known.issue)
    }
}

/// How a law is broken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Breach {
    /// What was looked at.
    pub(super) about: String,
    pub(super) expected: String,
    pub(super) seen: String,
    /// The exchange that shows it.
    pub(super) exchange: usize,
}

/// Why a law says nothing of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pass {
    /// It is not about such a request or answer.
    NotJudged(String),
    /// The server refuses it, which tells more than the others where a law is never judged.
    Refused(String),
    /// There was no answer.
    Stopped(Stop),
}

impl From<Stop> for Pass {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// The law is not about this request.
pub(super) fn not_judged<T>(reason: impl Into<String>) -> Result<T, Pass> {
    Err(Pass::NotJudged(reason.into()))
}

/// The law holds where the two are equal.
#[expect(clippy::needless_pass_by_value, reason = "a law states values, and borrows would be noise in each line")]
pub(super) fn equal<T: PartialEq + ToString>(
    about: impl Into<String>,
    expected: T,
    seen: T,
    exchange: usize,
) -> Judgement {
    if expected == seen {
        return Judgement::Holds;
    }
    broken(about, expected.to_string(), seen.to_string(), exchange)
}

pub(super) fn broken(
    about: impl Into<String>,
    expected: impl Into<String>,
    seen: impl Into<String>,
    exchange: usize,
) -> Judgement {
    Judgement::Broken(Breach { about: about.into(), expected: expected.into(), seen: seen.into(), exchange })
}
