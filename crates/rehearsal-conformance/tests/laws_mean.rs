//! Laws of mean, median and spread. Oracle: exact rational sums, and the distance to the neighbouring floats.

mod oracle;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use proptest::{collection::vec, prelude::*, sample::select};
use rehearsal_load::{
    metrics::{Distribution, QuantileMethod, mean, median, standard_deviation},
    report::SeedStatistics,
};

use oracle::{exact, is_nearest, latency};

fn shuffled(samples: Vec<f64>) -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (Just(samples.clone()), Just(samples).prop_shuffle())
}

proptest! {
    /// The mean is the float nearest to the exact mean.
    #[test]
    fn the_mean_is_the_nearest_float(samples in vec(latency(), 1..200)) {
        prop_assert!(is_nearest(mean(&samples).unwrap(), &oracle::mean(&samples)));
    }

    /// The same for any finite floats, with all their cancellations and sizes.
    #[test]
    fn the_mean_of_any_floats_is_the_nearest_float(
        samples in vec(proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO, 1..40),
    ) {
        let seen = mean(&samples).unwrap();
        prop_assert!(seen.is_finite() && is_nearest(seen, &oracle::mean(&samples)), "{}", seen);
    }

    /// The median of an odd count is a sample with as many below as above; of an even one the nearest float to the middle
    /// of the middle two.
    #[test]
    fn the_median_is_the_middle(mut samples in vec(latency(), 1..200)) {
        samples.sort_unstable_by(f64::total_cmp);
        let (low, high) = (samples[(samples.len() - 1) / 2], samples[samples.len() / 2]);
        let middle = (exact(low) + exact(high)) / BigRational::from_integer(BigInt::from(2));
        prop_assert!(is_nearest(median(&samples).unwrap(), &middle));
    }

    /// The standard deviation has n - 1 in its denominator. Its square is compared with the exact variance; the mean that
    /// is subtracted was rounded, which moves each deviation by half a unit of the largest sample at most.
    #[test]
    fn the_standard_deviation_divides_by_n_less_1(samples in vec(latency(), 2..100)) {
        let centre = oracle::mean(&samples);
        let squares = samples.iter().fold(BigRational::zero(), |sum, sample| {
            let deviation = exact(*sample) - &centre;
            sum + &deviation * &deviation
        });
        let variance = squares / BigRational::from_integer(BigInt::from(samples.len() - 1));
        let seen = exact(standard_deviation(&samples).unwrap());
        let largest = exact(samples.iter().copied().fold(0.0, f64::max));
        let slack = BigRational::new(BigInt::from(1), BigInt::from(1u64 << 46));
        let (low, high) = (&seen - &slack * &largest, &seen + &slack * &largest);
        prop_assert!(low < BigRational::zero() || &low * &low <= variance, "too large");
        prop_assert!(variance <= &high * &high, "too small");
    }

    /// No summary depends on the order in which requests finished.
    #[test]
    fn summaries_do_not_depend_on_order(
        (samples, shuffled) in vec(latency(), 1..100).prop_flat_map(shuffled),
        method in select(vec![QuantileMethod::Type1, QuantileMethod::Type6, QuantileMethod::Type7]),
    ) {
        prop_assert_eq!(SeedStatistics::of(samples.clone()), SeedStatistics::of(shuffled.clone()));
        // the squares of the deviations are summed exactly, so even the spread is the same to the bit
        prop_assert_eq!(Distribution::of(samples, method), Distribution::of(shuffled, method));
    }

    /// The mean of two runs together is the mean of their means weighted by their counts, and not the mean of the means.
    #[test]
    fn means_merge_by_their_counts(one in vec(latency(), 1..50), two in vec(latency(), 1..50)) {
        let count = |samples: &Vec<f64>| BigRational::from_integer(BigInt::from(samples.len()));
        let weighted = oracle::mean(&one) * count(&one) + oracle::mean(&two) * count(&two);
        let merged = [one.clone(), two.clone()].concat();
        prop_assert!(is_nearest(mean(&merged).unwrap(), &(weighted / count(&merged))));
    }

    /// Minimum, median, p95 and maximum of the seed schema stand in this order, and the mean lies within the extremes.
    #[test]
    fn the_seed_statistics_are_ordered(samples in vec(latency(), 20..100)) {
        let seen = SeedStatistics::of(samples);
        let [p50, p95, mean, min, max] = [seen.p50, seen.p95, seen.mean, seen.min, seen.max].map(Option::unwrap);
        // p95 is Python's, whose last rounding may leave the two samples by one unit
        prop_assert!(min <= p50 && p50 <= p95.next_up() && p95 <= max.next_up() && min <= mean && mean <= max);
    }
}

#[test]
fn nothing_has_no_statistics() {
    assert_eq!(mean(&[]), None);
    assert_eq!(median(&[]), None);
    assert_eq!(standard_deviation(&[]), None);
    assert_eq!(standard_deviation(&[1.0]), None, "one sample has no spread");
    assert_eq!(Distribution::of(Vec::new(), QuantileMethod::Type7), None);
    assert_eq!(SeedStatistics::of(Vec::new()), SeedStatistics::default(), "five nulls");
}
