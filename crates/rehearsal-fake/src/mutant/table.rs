//! A mutant by its id, and what is told of it.

use std::{fmt, str::FromStr};

use super::{MutantSetting, catalogue, edit::Edit};

/// One known fault. The set is closed: [`Mutant::all`] lists it.
///
/// ```
/// use rehearsal_fake::{FakeVllm, Mutant, UnknownMutant};
///
/// let mutant: Mutant = "total-plus-one".parse()?;
/// let fake = FakeVllm::builder().mutant(mutant);
/// # drop(fake);
/// # Ok::<(), UnknownMutant>(())
/// ```
#[derive(Clone, Copy)]
pub struct Mutant(pub(super) &'static Row);

/// A line of the catalogue.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) fault: &'static str,
    pub(super) upstream: Option<&'static str>,
    pub(super) version: &'static str,
    pub(super) setting: MutantSetting,
    pub(super) edits: &'static [Edit],
}

impl Mutant {
    /// Every mutant, by the part of an answer that is wrong.
    pub fn all() -> impl Iterator<Item = Self> {
        catalogue::FAMILIES.iter().copied().flatten().map(Self)
    }

    /// Its name, such as `total-plus-one`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What is wrong, as a sentence.
    #[must_use]
    pub fn fault(self) -> &'static str {
        self.0.fault
    }

    /// Where it was seen: issues of vLLM (`#6371`) or of another project (`sglang #5525`); `None` for a fault made up for the suite.
    #[must_use]
    pub fn upstream(self) -> Option<&'static str> {
        self.0.upstream
    }

    /// A version whose right answers it spoils. It may be a fault of others, too, or another version's own behaviour.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.0.version
    }

    /// What the server has to be started with for it to show.
    #[must_use]
    pub fn setting(self) -> MutantSetting {
        self.0.setting
    }
}

impl fmt::Debug for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mutant").field(&self.id()).finish()
    }
}

impl PartialEq for Mutant {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Mutant {}

impl FromStr for Mutant {
    type Err = UnknownMutant;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::all().find(|mutant| mutant.id() == id).ok_or_else(|| UnknownMutant::new(id))
    }
}

/// No mutant has that id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no mutant `{id}`; the nearest are {}", nearest.join(", "))]
pub struct UnknownMutant {
    /// What was asked for.
    pub id: String,
    /// Three ids that share most with it, the best first.
    pub nearest: Vec<&'static str>,
}

impl UnknownMutant {
    fn new(id: &str) -> Self {
        let mut known: Vec<&'static str> = Mutant::all().map(Mutant::id).collect();
        known.sort_by_key(|other| (std::cmp::Reverse(shared(id, other)), other.len()));
        known.truncate(3);
        Self { id: id.to_owned(), nearest: known }
    }
}

/// Pairs of neighbouring characters that both have.
fn shared(left: &str, right: &str) -> usize {
    let right = right.to_lowercase();
    left.to_lowercase()
        .as_bytes()
        .windows(2)
        .filter(|pair| right.as_bytes().windows(2).any(|other| other == *pair))
        .count()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::version::Wire;

    #[test]
    fn ids_are_unique_and_versions_known() {
        let ids: BTreeSet<&str> = Mutant::all().map(Mutant::id).collect();
        assert_eq!(ids.len(), Mutant::all().count());
        for mutant in Mutant::all() {
            assert!(Wire::of(mutant.version().parse().unwrap()).is_ok(), "{mutant:?}");
            assert!(!mutant.0.edits.is_empty(), "{mutant:?}");
        }
    }

    #[test]
    fn an_unknown_id_names_the_nearest() {
        let unknown = "total-plus-two".parse::<Mutant>().unwrap_err();
        assert_eq!(unknown.nearest[0], "total-plus-one");
        assert!(unknown.to_string().starts_with("no mutant `total-plus-two`; the nearest are total-plus-one, "));
    }
}
