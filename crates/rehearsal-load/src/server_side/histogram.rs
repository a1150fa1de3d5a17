//! A histogram of the server's: how many values are at most each bound, their number and their sum.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Values counted by the server since it started, or in between two snapshots.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServerHistogram {
    /// Each finite bound, ascending, and how many values are at most that.
    pub buckets: Vec<(f64, u64)>,
    /// How many values there are, those beyond the last bound too.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
}

/// Between which bounds a quantile lies. The server keeps no more than counts, so nothing is interpolated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bracket {
    /// More than this, or 0.
    pub above: f64,
    /// At most this; `null` beyond the last bound.
    pub at_most: Option<f64>,
}

impl ServerHistogram {
    /// Adds a sample of the page to the series so far; several engines sum up.
    pub(super) fn add_bucket(&mut self, bound: f64, count: u64) {
        match self.buckets.binary_search_by(|(have, _)| have.total_cmp(&bound)) {
            Ok(place) => self.buckets[place].1 += count,
            Err(place) => self.buckets.insert(place, (bound, count)),
        }
    }

    /// What came in after `earlier`; `None` where counts went back (the server was started again) or bounds changed.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Option<Self> {
        if self.buckets.len() != earlier.buckets.len() {
            return None;
        }
        let buckets = self.buckets.iter().zip(&earlier.buckets).map(|((bound, now), (same, before))| {
            Some((*bound, now.checked_sub(*before).filter(|_| bound.total_cmp(same).is_eq())?))
        });
        Some(Self {
            buckets: buckets.collect::<Option<_>>()?,
            count: self.count.checked_sub(earlier.count)?,
            sum: self.sum - earlier.sum,
        })
    }

    /// The arithmetic mean; `None` without values.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (0 < self.count).then(|| self.sum / self.count as f64)
    }

    /// Where the value lies that `per_cent` of all values are at most: the order statistic of rank ⌈n·p⌉ (type 1).
    /// `None` without values.
    #[must_use]
    pub fn quantile(&self, per_cent: u64) -> Option<Bracket> {
        let rank = self.count.checked_mul(per_cent)?.div_ceil(100).max(1);
        if self.count == 0 {
            return None;
        }
        let place = self.buckets.partition_point(|(_, at_most)| *at_most < rank);
        let above = place.checked_sub(1).map_or(0.0, |before| self.buckets[before].0);
        Some(Bracket { above, at_most: self.buckets.get(place).map(|(bound, _)| *bound) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(f64, u64)], count: u64, sum: f64) -> ServerHistogram {
        ServerHistogram { buckets: buckets.to_vec(), count, sum }
    }

    #[test]
    fn a_quantile_is_bracketed_by_the_bounds_around_its_rank() {
        // 100 values: 40 up to 0.1, 55 more up to 0.2, 5 beyond
        let of = histogram(&[(0.1, 40), (0.2, 95)], 100, 16.0);
        let bracket = |above, at_most| Some(Bracket { above, at_most });
        assert_eq!(of.quantile(40), bracket(0.0, Some(0.1)));
        assert_eq!(of.quantile(41), bracket(0.1, Some(0.2)));
        assert_eq!(of.quantile(95), bracket(0.1, Some(0.2)));
        assert_eq!(of.quantile(96), bracket(0.2, None));
        assert_eq!(of.mean(), Some(0.16));
        assert_eq!((ServerHistogram::default().quantile(50), ServerHistogram::default().mean()), (None, None));
    }

    #[test]
    fn what_came_in_between_is_the_difference_unless_the_server_began_anew() {
        let (before, after) = (histogram(&[(0.1, 40)], 50, 8.0), histogram(&[(0.1, 60)], 80, 13.0));
        assert_eq!(after.since(&before), Some(histogram(&[(0.1, 20)], 30, 5.0)));
        assert_eq!(before.since(&after), None);
        assert_eq!(after.since(&histogram(&[(0.2, 40)], 50, 8.0)), None, "other bounds");
    }
}
