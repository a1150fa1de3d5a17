//! Means and spread without rounding on the way.

use std::cmp::Ordering;

/// Arithmetic mean: the exact sum ÷ n, rounded once, to the nearest `f64`. Bit for bit Python's `statistics.mean`.
/// `None` for no samples or one that is not finite.
#[must_use]
pub fn mean(samples: &[f64]) -> Option<f64> {
    let count = u64::try_from(samples.len()).ok().filter(|count| 0 < *count)?;
    let (mut above, mut below) = (ExactSum::new(), ExactSum::new());
    for &sample in samples {
        if !sample.is_finite() {
            return None;
        }
        if sample < 0.0 { below.add(-sample) } else { above.add(sample) }
    }
    Some(match above.limbs.iter().rev().cmp(below.limbs.iter().rev()) {
        Ordering::Less => -below.minus(&above).divided(count),
        Ordering::Equal | Ordering::Greater => above.minus(&below).divided(count),
    })
}

/// The middle sample of `sorted`, or half the sum of the middle two. `None` for no samples.
#[must_use]
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(f64::midpoint(lower, upper))
}

/// Sample standard deviation, with **n − 1** in the denominator. `None` below two samples.
#[must_use]
pub fn standard_deviation(samples: &[f64]) -> Option<f64> {
    if samples.len() < 2 {
        return None;
    }
    let mean = mean(samples)?;
    let squares: Vec<f64> = samples.iter().map(|sample| (sample - mean).powi(2)).collect();
    let count = samples.len() as f64;
    Some((self::mean(&squares)? * (count / (count - 1.0))).sqrt())
}

/// Bits below one that an `f64` can have.
const FRACTION_BITS: usize = 1074;
/// Further bits below, so that a quotient can be rounded even where it is the smallest number there is.
const GUARD_BITS: usize = 64;
/// 1074 + 64 bits below one, 1024 above, and room for the carries of 2⁶⁴ sums.
const LIMBS: usize = 35;
const MANTISSA_BITS: usize = 53;

/// A sum of non-negative floats as one large fixed-point number, least limb first.
struct ExactSum {
    limbs: [u64; LIMBS],
}

impl ExactSum {
    fn new() -> Self {
        Self { limbs: [0; LIMBS] }
    }

    fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let fraction = bits & ((1 << 52) - 1);
        let exponent = usize::try_from(bits >> 52).expect("the sign bit is 0, so this is 11 bits");
        let (mantissa, shift) = match exponent {
            0 => (fraction, GUARD_BITS),
            _ => (fraction | 1 << 52, GUARD_BITS + exponent - 1),
        };
        let wide = u128::from(mantissa) << (shift % 64);
        let mut carry = wide;
        for limb in &mut self.limbs[shift / 64..] {
            if carry == 0 {
                break;
            }
            let sum = u128::from(*limb) + (carry & u128::from(u64::MAX));
            *limb = low_half(sum);
            carry = (carry >> 64) + (sum >> 64);
        }
    }

    /// `self − other`, where `other` is no larger.
    fn minus(mut self, other: &Self) -> Self {
        let mut borrow = false;
        for (limb, &less) in self.limbs.iter_mut().zip(&other.limbs) {
            let (first, under_first) = limb.overflowing_sub(less);
            let (second, under_second) = first.overflowing_sub(u64::from(borrow));
            *limb = second;
            borrow = under_first || under_second;
        }
        self
    }

    /// The nearest `f64` to `self ÷ count`, ties to even.
    fn divided(mut self, count: u64) -> f64 {
        let mut remainder = 0u128;
        for limb in self.limbs.iter_mut().rev() {
            let part = remainder << 64 | u128::from(*limb);
            *limb = low_half(part / u128::from(count));
            remainder = part % u128::from(count);
        }
        self.rounded(remainder != 0)
    }

    fn rounded(&self, mut inexact: bool) -> f64 {
        let Some(top_limb) = self.limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let top_bit = top_limb * 64 + 63 - self.limbs[top_limb].leading_zeros() as usize;
        // the lowest bit that is kept; a subnormal keeps fewer than 53
        let low_bit = (top_bit + 1).saturating_sub(MANTISSA_BITS).max(GUARD_BITS);
        let mut mantissa = 0u64;
        for bit in (low_bit..=top_bit).rev() {
            mantissa = mantissa << 1 | u64::from(self.bit(bit));
        }
        let half = self.bit(low_bit - 1);
        inexact |= (0..low_bit - 1).any(|bit| self.bit(bit));
        if half && (inexact || mantissa % 2 == 1) {
            mantissa += 1;
        }
        // both factors are exact, and so is their product, which is the rounded number
        mantissa as f64 * power_of_two(low_bit - GUARD_BITS)
    }

    fn bit(&self, bit: usize) -> bool {
        self.limbs[bit / 64] >> (bit % 64) & 1 == 1
    }
}

/// 2^(above − 1074).
fn power_of_two(above: usize) -> f64 {
    let above = above as u64;
    let least_normal = 52;
    if above < least_normal { f64::from_bits(1 << above) } else { f64::from_bits((above - least_normal + 1) << 52) }
}

fn low_half(wide: u128) -> u64 {
    u64::try_from(wide & u128::from(u64::MAX)).expect("masked to 64 bits")
}

const _: () = assert!(FRACTION_BITS + GUARD_BITS + 1024 < LIMBS * 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_smallest_and_the_largest_is_exact() {
        let tiny = f64::from_bits(1);
        assert_eq!(mean(&[tiny, tiny, tiny]), Some(tiny));
        assert_eq!(mean(&[f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(mean(&[f64::MIN_POSITIVE, 0.0]), Some(f64::MIN_POSITIVE / 2.0));
        assert_eq!(mean(&[0.1; 10]), Some(0.1), "a plain float sum gives 0.09999999999999999");
    }

    #[test]
    fn cancellation_costs_nothing() {
        assert_eq!(mean(&[1e16, 1.0, -1e16, 1.0]), Some(0.5));
        assert_eq!(mean(&[-3.0, 1.0]), Some(-1.0));
        assert_eq!(mean(&[-2.0, 2.0]), Some(0.0));
    }

    #[test]
    fn ties_go_to_even() {
        let above_one = f64::from_bits(1.0f64.to_bits() + 1);
        let two_above = f64::from_bits(1.0f64.to_bits() + 2);
        assert_eq!(mean(&[1.0, above_one]), Some(1.0));
        assert_eq!(mean(&[above_one, two_above]), Some(two_above));
    }

    #[test]
    fn nothing_and_infinity_have_no_mean() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn the_standard_deviation_divides_by_one_less() {
        assert_eq!(standard_deviation(&[1.0, 3.0]), Some(2.0f64.sqrt()));
        assert_eq!(standard_deviation(&[1.0]), None);
    }
}
