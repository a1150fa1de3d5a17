//! The oracles of the laws: exact rational arithmetic, which shares no code and no rounding with `rehearsal-load`.
#![expect(dead_code, reason = "each law file uses some of the oracles")]

pub(crate) mod timeline;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use proptest::prelude::*;

/// The number that a float stands for, exactly.
pub(crate) fn exact(value: f64) -> BigRational {
    BigRational::from_float(value).expect("a finite float is a rational number")
}

/// `numerator / denominator`.
pub(crate) fn ratio(numerator: u64, denominator: u64) -> BigRational {
    BigRational::new(BigInt::from(numerator), BigInt::from(denominator))
}

/// Whether `float` is the float nearest to `value`, ties to even: no conversion of the rational is trusted.
pub(crate) fn is_nearest(float: f64, value: &BigRational) -> bool {
    let distance = |candidate: f64| (exact(candidate) - value).abs();
    let own = distance(float);
    [float.next_down(), float.next_up()].into_iter().filter(|neighbour| neighbour.is_finite()).all(|neighbour| {
        let other = distance(neighbour);
        own < other || (own == other && float.to_bits().is_multiple_of(2))
    })
}

/// Whether `float` is `value` up to `ulps` times 2⁻⁵³ of `scale`.
pub(crate) fn is_within(float: f64, value: &BigRational, ulps: u64, scale: &BigRational) -> bool {
    let unit = BigRational::new(BigInt::from(ulps), BigInt::from(1u64 << 53));
    (exact(float) - value).abs() <= unit * scale.abs()
}

/// The exact arithmetic mean.
pub(crate) fn mean(samples: &[f64]) -> BigRational {
    let sum = samples.iter().fold(BigRational::zero(), |sum, sample| sum + exact(*sample));
    sum / BigRational::from_integer(BigInt::from(samples.len()))
}

/// Linear interpolation at `position`, ranks from 1, held to the extremes: what types 6 and 7 of Hyndman and Fan share.
pub(crate) fn at_position(sorted: &[f64], position: &BigRational) -> BigRational {
    let count = BigInt::from(sorted.len());
    let position = position.clone().max(ratio(1, 1)).min(BigRational::from_integer(count));
    let rank = position.floor();
    let below = usize::try_from(rank.to_integer()).expect("a rank is small") - 1;
    let low = exact(sorted[below]);
    match sorted.get(below + 1) {
        Some(high) => low.clone() + (position - rank) * (exact(*high) - low),
        None => low,
    }
}

/// Latencies as a clock of nanoseconds gives them: up to about three hours, with repetitions.
pub(crate) fn latency() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (0u64..10_000_000_000_000).prop_map(|nanos| nanos as f64 / 1e9),
        1 => Just(0.25),
        1 => Just(15.692_299_124_998_499),
    ]
}

/// A fraction between 0 and 1, and its numerator and denominator.
pub(crate) fn fraction() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![
        Just((1, 2)),
        Just((9, 10)),
        Just((19, 20)),
        Just((99, 100)),
        (1u32..=1000).prop_flat_map(|denominator| (0..=denominator, Just(denominator))),
    ]
}
