//! The families of recorded pages, as `data/metrics` lists them.

use std::collections::{BTreeMap, BTreeSet};

use crate::profile::{ByProfile, ServerProfile};

const LISTS: ByProfile<&str> = ByProfile::each(
    include_str!("../../../data/metrics/py-0.13.txt"),
    include_str!("../../../data/metrics/py-0.32.txt"),
    include_str!("../../../data/metrics/rs-0.32.txt"),
);

/// One profile's list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Golden(&'static str);

/// A family as it was recorded.
#[derive(Debug, Clone)]
pub(super) struct GoldenFamily<'l> {
    pub(super) kind: &'l str,
    pub(super) name: &'l str,
    /// Each label, with its values where they are vLLM's own.
    pub(super) labels: BTreeMap<&'l str, BTreeSet<&'l str>>,
    pub(super) buckets: Option<Buckets<'l>>,
}

/// A histogram's bounds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Buckets<'l> {
    /// As listed.
    Fixed(&'l str),
    /// 1, 2 and 5 times each power of ten up to `max_model_len` (`build_1_2_5_buckets`, vLLM v1/metrics/loggers.py).
    OfContext,
}

impl Golden {
    pub(super) fn of(profile: ServerProfile) -> Self {
        Self(LISTS.of(profile))
    }

    pub(super) fn families(self) -> impl Iterator<Item = GoldenFamily<'static>> {
        self.0.lines().filter(|line| !line.starts_with('#')).filter_map(family)
    }
}

fn family(line: &str) -> Option<GoldenFamily<'_>> {
    let mut fields = line.split(' ');
    let (kind, name) = (fields.next()?, fields.next()?);
    let (labels, buckets) = (fields.next()?, fields.next()?);
    let labels = labels.split(',').filter(|label| *label != "-").map(|label| match label.split_once('=') {
        Some((label, values)) => (label, values.split('|').collect()),
        None => (label, BTreeSet::new()),
    });
    let buckets = match buckets {
        "-" => None,
        "1-2-5" => Some(Buckets::OfContext),
        listed => Some(Buckets::Fixed(listed)),
    };
    Some(GoldenFamily { kind, name, labels: labels.collect(), buckets })
}

impl Buckets<'_> {
    /// The bounds, with the last one that takes all; `None` where they hang on a context length that is not told.
    pub(super) fn bounds(self, max_model_len: Option<u64>) -> Option<Vec<f64>> {
        match self {
            Self::Fixed(listed) => listed.split(',').map(|bound| bound.parse().ok()).collect(),
            Self::OfContext => {
                #[expect(clippy::cast_precision_loss, reason = "no context has 2^53 tokens")]
                let limit = max_model_len? as f64;
                let powers = (0..=15).map(|exponent| 10_f64.powi(exponent));
                let bounds = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * power));
                Some(bounds.take_while(|bound| *bound <= limit).chain([f64::INFINITY]).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_list_is_read() {
        for profile in ServerProfile::VLLM {
            let lines = LISTS.of(profile).lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(Golden::of(profile).families().count(), lines, "{profile}");
            for family in Golden::of(profile).families() {
                let bounds = family.buckets.map(|buckets| buckets.bounds(Some(4096)).expect("bounds"));
                assert!(bounds.is_none_or(|bounds| bounds.is_sorted() && bounds.ends_with(&[f64::INFINITY])));
            }
        }
    }

    #[test]
    fn token_buckets_end_at_the_context() {
        let bounds = Buckets::OfContext.bounds(Some(60)).expect("a context");
        assert_eq!(bounds, [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, f64::INFINITY]);
        assert_eq!(Buckets::OfContext.bounds(None), None);
    }
}
