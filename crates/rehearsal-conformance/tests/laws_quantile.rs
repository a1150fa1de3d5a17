//! Laws of quantiles. Oracle: the definitions of Hyndman and Fan (1996) in exact rationals, ranks found by counting.

mod oracle;

use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::{collection::vec, prelude::*};
use rehearsal_load::{
    metrics::{Probability, QuantileMethod, quantile},
    report::SeedStatistics,
};

use oracle::{at_position, exact, fraction, is_within, latency, ratio};

const METHODS: [QuantileMethod; 4] =
    [QuantileMethod::Type1, QuantileMethod::Type6, QuantileMethod::Type7, QuantileMethod::FloorIndex];

fn sorted(mut samples: Vec<f64>) -> Vec<f64> {
    samples.sort_unstable_by(f64::total_cmp);
    samples
}

fn of_count(count: usize) -> BigRational {
    BigRational::from_integer(BigInt::from(count))
}

proptest! {
    /// Type 1 is the inverse of the empirical distribution: the least sample x with #{samples <= x} / n >= p.
    #[test]
    fn type_1_inverts_the_empirical_distribution(samples in vec(latency(), 1..200), (num, den) in fraction()) {
        let samples = sorted(samples);
        let p = ratio(num.into(), den.into());
        let share = |x: f64| of_count(samples.iter().filter(|sample| **sample <= x).count()) / of_count(samples.len());
        let expected = samples.iter().copied().find(|x| p <= share(*x));
        let seen = quantile(&samples, Probability::new(num, den).unwrap(), QuantileMethod::Type1);
        prop_assert_eq!(seen, expected);
    }

    /// Type 6 interpolates at position p(n+1). Three roundings of at most half a unit each, on numbers no larger than the
    /// larger neighbour: within 4 units of 2^-53 of the largest sample.
    #[test]
    fn type_6_interpolates_at_p_times_n_plus_1(samples in vec(latency(), 1..200), (num, den) in fraction()) {
        let samples = sorted(samples);
        let position = ratio(num.into(), den.into()) * of_count(samples.len() + 1);
        let expected = at_position(&samples, &position);
        let seen = quantile(&samples, Probability::new(num, den).unwrap(), QuantileMethod::Type6).unwrap();
        prop_assert!(is_within(seen, &expected, 4, &exact(samples[samples.len() - 1])), "{} for {}", seen, expected);
    }

    /// Type 7 interpolates at position 1 + p(n-1), with the same bound as type 6.
    #[test]
    fn type_7_interpolates_at_1_plus_p_times_n_less_1(samples in vec(latency(), 1..200), (num, den) in fraction()) {
        let samples = sorted(samples);
        let position = ratio(1, 1) + ratio(num.into(), den.into()) * of_count(samples.len() - 1);
        let expected = at_position(&samples, &position);
        let seen = quantile(&samples, Probability::new(num, den).unwrap(), QuantileMethod::Type7).unwrap();
        prop_assert!(is_within(seen, &expected, 4, &exact(samples[samples.len() - 1])), "{} for {}", seen, expected);
    }

    /// On samples that are multiples of p's denominator every interpolation is a whole number, and nothing is rounded.
    #[test]
    fn whole_numbers_are_interpolated_without_error(counts in vec(0u32..100_000, 1..200), (num, den) in fraction()) {
        let samples = sorted(counts.into_iter().map(|count| f64::from(count) * f64::from(den)).collect());
        let n = of_count(samples.len());
        let p = ratio(num.into(), den.into());
        for (method, position) in [
            (QuantileMethod::Type6, p.clone() * (n.clone() + ratio(1, 1))),
            (QuantileMethod::Type7, ratio(1, 1) + p * (n - ratio(1, 1))),
        ] {
            let seen = quantile(&samples, Probability::new(num, den).unwrap(), method).unwrap();
            prop_assert_eq!(exact(seen), at_position(&samples, &position));
        }
    }

    /// The scripts' `sorted[int(n*p)]`: the sample after the first floor(np), and never past the last.
    #[test]
    fn floor_index_skips_as_many_samples_as_p_covers(samples in vec(latency(), 1..200), (num, den) in fraction()) {
        let samples = sorted(samples);
        let covered = (ratio(num.into(), den.into()) * of_count(samples.len())).floor().to_integer();
        let index = usize::try_from(covered).unwrap().min(samples.len() - 1);
        let seen = quantile(&samples, Probability::new(num, den).unwrap(), QuantileMethod::FloorIndex);
        prop_assert_eq!(seen, Some(samples[index]));
    }

    /// The seed's p95 is Python's `statistics.quantiles(x, n=20)[-1]`, type 6 at 19/20, and is absent below 20 samples.
    #[test]
    fn the_seed_p95_is_type_6_and_absent_below_twenty(samples in vec(latency(), 0..200)) {
        let seen = SeedStatistics::of(samples.clone()).p95;
        let samples = sorted(samples);
        prop_assert_eq!(seen.is_none(), samples.len() < 20);
        if let Some(seen) = seen {
            let expected = at_position(&samples, &(ratio(19, 20) * of_count(samples.len() + 1)));
            prop_assert!(is_within(seen, &expected, 4, &exact(samples[samples.len() - 1])));
        }
    }

    /// Every method stays between the extremes, and a larger p never gives a smaller quantile.
    #[test]
    fn quantiles_rise_with_p_within_the_extremes(samples in vec(latency(), 1..100), den in 1u32..200) {
        let samples = sorted(samples);
        for method in METHODS {
            let all: Vec<f64> =
                (0..=den).map(|num| quantile(&samples, Probability::new(num, den).unwrap(), method).unwrap()).collect();
            prop_assert!(all.is_sorted(), "{:?}: {:?}", method, all);
            prop_assert!(samples[0] <= all[0] && all[all.len() - 1] <= samples[samples.len() - 1]);
        }
    }

    /// A change of unit by a power of two changes no digit.
    #[test]
    fn quantiles_scale_with_the_unit(samples in vec(latency(), 1..100), (num, den) in fraction()) {
        let samples = sorted(samples);
        let scaled: Vec<f64> = samples.iter().map(|sample| sample * 1024.0).collect();
        for method in METHODS {
            let p = Probability::new(num, den).unwrap();
            let plain = quantile(&samples, p, method).unwrap() * 1024.0;
            prop_assert_eq!(plain.to_bits(), quantile(&scaled, p, method).unwrap().to_bits());
        }
    }

    /// Fractions that are equal are the same quantile, however they are written.
    #[test]
    fn a_reduced_fraction_is_the_same_quantile(samples in vec(latency(), 1..100), (num, den) in fraction(), k in 2u32..50) {
        let samples = sorted(samples);
        for method in METHODS {
            let plain = quantile(&samples, Probability::new(num, den).unwrap(), method);
            prop_assert_eq!(plain, quantile(&samples, Probability::new(num * k, den * k).unwrap(), method));
        }
    }
}

#[test]
fn no_sample_has_no_quantile_and_no_fraction_lies_outside_one() {
    for method in METHODS {
        assert_eq!(quantile(&[], Probability::P95, method), None);
    }
    assert_eq!(Probability::new(3, 2), None);
    assert_eq!(Probability::new(0, 0), None);
}

/// The methods differ by more than noise: one set, worked by hand from their definitions.
#[test]
fn the_methods_are_different_numbers() {
    let samples: Vec<f64> = (1..=30).map(|n| f64::from(n * n)).collect();
    let p = Probability::P95;
    // n = 30: ranks ceil(28.5) = 29; 0.95 * 31 = 29.45; 1 + 0.95 * 29 = 28.55; floor(28.5) + 1 = 29
    assert_eq!(quantile(&samples, p, QuantileMethod::Type1), Some(841.0));
    assert_eq!(quantile(&samples, p, QuantileMethod::Type6), Some((841.0 * 11.0 + 900.0 * 9.0) / 20.0));
    assert_eq!(quantile(&samples, p, QuantileMethod::Type7), Some((784.0 * 9.0 + 841.0 * 11.0) / 20.0));
    assert_eq!(quantile(&samples, p, QuantileMethod::FloorIndex), Some(841.0));
}
