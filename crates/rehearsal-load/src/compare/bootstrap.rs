//! Resampling: what the difference of two figures could have been by chance.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Statistic;

/// Resamples where there are few samples.
const MOST: usize = 1000;

/// Resamples where there are many; less would make the interval itself a matter of chance.
const LEAST: usize = 200;

/// Samples that may be drawn in all, so that a million requests take seconds.
const WORK: usize = 40_000_000;

/// Where a difference lies, with [`CONFIDENCE`](crate::metrics::CONFIDENCE).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The interval of the difference `statistic(b) − statistic(a)`, by the percentile method over resamples drawn with
/// `seed`. Runs are drawn with replacement, then samples within each drawn run. `None` if a side has no samples.
#[must_use]
pub fn bootstrap(a: &[Vec<f64>], b: &[Vec<f64>], statistic: Statistic, seed: u64) -> Option<Interval> {
    let count = |side: &[Vec<f64>]| side.iter().map(Vec::len).sum::<usize>();
    if count(a) == 0 || count(b) == 0 {
        return None;
    }
    let rounds = (WORK / (count(a) + count(b))).clamp(LEAST, MOST);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut pool = Vec::with_capacity(count(a).max(count(b)));
    let mut differences = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let in_a = resampled(a, &mut pool, &mut random, statistic);
        let in_b = resampled(b, &mut pool, &mut random, statistic);
        // a drawn run may have had no samples
        if let (Some(in_a), Some(in_b)) = (in_a, in_b) {
            differences.push(in_b - in_a);
        }
    }
    differences.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - crate::metrics::CONFIDENCE) / 2.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count of at most 1000")]
    let outside = (differences.len() as f64 * tail) as usize;
    let low = *differences.get(outside)?;
    let high = *differences.get(differences.len().checked_sub(1 + outside)?)?;
    Some(Interval { low, high })
}

fn resampled(runs: &[Vec<f64>], pool: &mut Vec<f64>, random: &mut impl Rng, statistic: Statistic) -> Option<f64> {
    pool.clear();
    for _ in runs {
        let run = &runs[random.random_range(0..runs.len())];
        if !run.is_empty() {
            pool.extend((0..run.len()).map(|_| run[random.random_range(0..run.len())]));
        }
    }
    statistic.quickly(pool)
}
