//! Instants and durations of the engine's own clock, in whole nanoseconds.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Mul, Sub},
    time::Duration,
};

/// An instant or a duration on the engine's own clock, which starts at 0 and knows no other clock.
///
/// 64 bits of nanoseconds last 584 years. Addition saturates: an instant beyond that is never reached.
///
/// ```
/// use rehearsal_fake::engine::Nanos;
///
/// let step = Nanos::from_millis_f64(45.79);
/// assert_eq!(step.as_nanos(), 45_790_000);
/// assert_eq!((Nanos::ZERO + step * 2).as_secs_f64(), 0.09158);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(u64);

impl Nanos {
    /// The start of the clock, and the empty duration.
    pub const ZERO: Self = Self(0);
    /// The end of the clock.
    pub const MAX: Self = Self(u64::MAX);

    /// A whole number of nanoseconds.
    #[must_use]
    pub const fn new(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A whole number of microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// A whole number of milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Milliseconds rounded once to the nearest nanosecond; negative and undefined figures become 0.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "float-to-integer `as` saturates and maps NaN to 0, which is what the doc promises"
    )]
    pub fn from_millis_f64(millis: f64) -> Self {
        Self((millis * 1e6).round() as u64)
    }

    /// The number of nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Milliseconds, for display and for metric math; exact below 2^53 ns (104 days) up to one rounding.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Seconds, for metric math; exact below 2^53 ns (104 days) up to one rounding.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The difference, or `None` when `earlier` lies later.
    #[must_use]
    pub const fn checked_sub(self, earlier: Self) -> Option<Self> {
        match self.0.checked_sub(earlier.0) {
            Some(nanos) => Some(Self(nanos)),
            None => None,
        }
    }

    /// The difference, or zero when `earlier` lies later.
    #[must_use]
    pub const fn saturating_sub(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Nanos {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Nanos {
    type Output = Self;

    /// Panics when `earlier` lies later, as `Duration` does; use [`Nanos::checked_sub`] where that may be.
    fn sub(self, earlier: Self) -> Self {
        self.checked_sub(earlier).expect("subtracted a later instant from an earlier one")
    }
}

impl Mul<u64> for Nanos {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        Self::from_nanos(nanos.0)
    }
}

impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&Duration::from(*self), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_nanosecond_rounds_once_and_nonsense_becomes_zero() {
        assert_eq!(Nanos::from_millis_f64(0.000_000_5), Nanos::new(1));
        assert_eq!(Nanos::from_millis_f64(-3.0), Nanos::ZERO);
        assert_eq!(Nanos::from_millis_f64(f64::NAN), Nanos::ZERO);
    }

    #[test]
    fn sums_saturate_and_differences_are_checked() {
        assert_eq!(Nanos::MAX + Nanos::new(1), Nanos::MAX);
        assert_eq!(Nanos::new(3).checked_sub(Nanos::new(4)), None);
        assert_eq!(Nanos::new(3).saturating_sub(Nanos::new(4)), Nanos::ZERO);
        assert_eq!(Duration::from(Nanos::from_micros(1_500)), Duration::from_micros(1_500));
    }
}
