//! How many requests arrive per second, over the run.

use std::{fmt, time::Duration};

/// How the rate gets from one value to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ramp {
    /// By the same amount every second. The default.
    #[default]
    Linear,
    /// By the same factor every second.
    Exponential,
}

/// A rate profile that cannot be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// A rate is negative, not a number, or so high that arrivals fall below a nanosecond.
    #[error("request rate {0} is not usable; give requests per second between 0 and 1e8")]
    Rate(f64),
    /// No request would ever arrive.
    #[error("the request rate ends at 0, so the run would never end; let it end above 0 or give a duration")]
    NeverEnds,
    /// An exponential ramp from or to zero.
    #[error("an exponential ramp from {from} to {to} does not exist; both rates must be above 0")]
    ExponentialFromZero {
        /// Rate at its start.
        from: f64,
        /// Rate at its end.
        to: f64,
    },
    /// A phase takes no time.
    #[error("a phase of the request rate takes no time; give it more than 0 seconds")]
    NoTime,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Phase {
    from: f64,
    to: f64,
    ramp: Ramp,
    seconds: f64,
}

/// The request rate as a function of time: phases one after the other, and the last rate for ever after.
///
/// ```
/// use std::time::Duration;
/// use rehearsal_load::arrivals::{Ramp, RateProfile};
///
/// let minute = Duration::from_mins(1);
/// let ramp = RateProfile::ramp(Ramp::Linear, 2.0, 20.0, minute)?;
/// assert_eq!(ramp.expected_arrivals(minute), 660.0); // 11 requests per second on average
/// let steps = RateProfile::steps([(5.0, minute), (10.0, minute)])?;
/// assert_eq!(steps.instant_of(310.0), Some(61.0)); // 300 in the first minute, the 310th after one second more
/// # Ok::<(), rehearsal_load::arrivals::RateError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RateProfile {
    phases: Vec<Phase>,
    last: f64,
}

impl RateProfile {
    /// `rate` requests per second, always.
    pub fn constant(rate: f64) -> Result<Self, RateError> {
        usable(rate)?;
        Ok(Self { phases: Vec::new(), last: rate })
    }

    /// From one rate to another within `over`, and then the second one.
    pub fn ramp(ramp: Ramp, from: f64, to: f64, over: Duration) -> Result<Self, RateError> {
        usable(from)?;
        usable(to)?;
        if ramp == Ramp::Exponential && from.min(to) <= 0.0 {
            return Err(RateError::ExponentialFromZero { from, to });
        }
        Ok(Self { phases: vec![Phase { from, to, ramp, seconds: length(over)? }], last: to })
    }

    /// One rate after the other, each for its time; the last one goes on.
    pub fn steps(steps: impl IntoIterator<Item = (f64, Duration)>) -> Result<Self, RateError> {
        let mut phases = Vec::new();
        for (rate, over) in steps {
            usable(rate)?;
            phases.push(Phase { from: rate, to: rate, ramp: Ramp::Linear, seconds: length(over)? });
        }
        let last = phases.last().ok_or(RateError::NeverEnds)?.to;
        Ok(Self { phases, last })
    }

    /// How long the profile changes: the length of its phases; `None` for a constant rate.
    #[must_use]
    pub fn natural_length(&self) -> Option<Duration> {
        let seconds: f64 = self.phases.iter().map(|phase| phase.seconds).sum();
        (!self.phases.is_empty()).then(|| Duration::from_secs_f64(seconds))
    }

    /// The rate after all phases.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.last
    }

    /// How many requests arrive until `at`, on average: the integral of the rate.
    #[must_use]
    pub fn expected_arrivals(&self, at: Duration) -> f64 {
        let mut left = at.as_secs_f64();
        let mut sum = 0.0;
        for phase in &self.phases {
            let part = left.min(phase.seconds);
            sum += phase.integral(part);
            left -= part;
        }
        sum + self.last * left
    }

    /// The instant, in seconds, until which `arrivals` requests arrive on average: the inverse of
    /// [`expected_arrivals`](Self::expected_arrivals). `None` when that never happens.
    #[must_use]
    pub fn instant_of(&self, arrivals: f64) -> Option<f64> {
        let mut left = arrivals;
        let mut begun = 0.0;
        for phase in &self.phases {
            let all = phase.integral(phase.seconds);
            if left < all {
                return Some(begun + phase.instant_of(left));
            }
            left -= all;
            begun += phase.seconds;
        }
        if left <= 0.0 { Some(begun) } else { (0.0 < self.last).then(|| begun + left / self.last) }
    }
}

impl Phase {
    /// ∫ rate from 0 to `seconds` of this phase.
    fn integral(&self, seconds: f64) -> f64 {
        let growth = self.growth();
        match self.ramp {
            Ramp::Exponential if growth != 0.0 => self.from * (growth * seconds).exp_m1() / growth,
            _ => seconds * (self.from + (self.to - self.from) * seconds / (2.0 * self.seconds)),
        }
    }

    /// Solves `integral(t) = arrivals` for t.
    fn instant_of(&self, arrivals: f64) -> f64 {
        let growth = self.growth();
        match self.ramp {
            Ramp::Exponential if growth != 0.0 => (growth * arrivals / self.from).ln_1p() / growth,
            // the form of the quadratic's root that loses no digits when the ramp is nearly flat
            _ => {
                let slope = (self.to - self.from) / self.seconds;
                let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
                if arrivals <= 0.0 { 0.0 } else { 2.0 * arrivals / (self.from + root) }
            }
        }
    }

    fn growth(&self) -> f64 {
        if self.ramp == Ramp::Linear { 0.0 } else { (self.to / self.from).ln() / self.seconds }
    }
}

impl fmt::Display for RateProfile {
    /// As the command line reads it: `8`, `2..20@60`, `5@30,10@30`; an exponential ramp ends in ` exponential`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.phases.is_empty() {
            return write!(f, "{}", self.last);
        }
        for (i, phase) in self.phases.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            if phase.from.to_bits() == phase.to.to_bits() {
                write!(f, "{comma}{}@{}", phase.from, phase.seconds)?;
            } else {
                write!(f, "{comma}{}..{}@{}", phase.from, phase.to, phase.seconds)?;
            }
            if phase.ramp == Ramp::Exponential {
                f.write_str(" exponential")?;
            }
        }
        Ok(())
    }
}

fn usable(rate: f64) -> Result<(), RateError> {
    if rate.is_finite() && (0.0..=1e8).contains(&rate) { Ok(()) } else { Err(RateError::Rate(rate)) }
}

fn length(over: Duration) -> Result<f64, RateError> {
    if over.is_zero() { Err(RateError::NoTime) } else { Ok(over.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[track_caller]
    fn close(left: f64, right: f64) {
        assert!((left - right).abs() <= 1e-9 * right.abs().max(1.0), "{left} is not {right}");
    }

    #[test]
    fn instants_are_the_inverse_of_the_integral() {
        let profiles = [
            RateProfile::constant(7.5).unwrap(),
            RateProfile::ramp(Ramp::Linear, 0.0, 20.0, MINUTE).unwrap(),
            RateProfile::ramp(Ramp::Linear, 20.0, 0.5, MINUTE).unwrap(),
            RateProfile::ramp(Ramp::Exponential, 1.0, 64.0, MINUTE).unwrap(),
            RateProfile::ramp(Ramp::Exponential, 3.0, 3.0, MINUTE).unwrap(),
            RateProfile::steps([(5.0, MINUTE), (0.0, MINUTE), (9.0, MINUTE)]).unwrap(),
        ];
        for profile in profiles {
            for arrivals in [0.0, 0.25, 1.0, 29.0, 299.0, 450.0, 1234.5] {
                let at = Duration::from_secs_f64(profile.instant_of(arrivals).unwrap());
                assert!((profile.expected_arrivals(at) - arrivals).abs() < 1e-6, "{profile}: {arrivals} at {at:?}");
            }
        }
    }

    /// By hand: 1 · (e^(ln 64) − 1) / (ln 64 / 60) = 63 · 60 / ln 64 = 908.8964… requests in the minute, and a factor of
    /// 8 after half of it.
    #[test]
    fn an_exponential_ramp_grows_by_the_same_factor() {
        let ramp = RateProfile::ramp(Ramp::Exponential, 1.0, 64.0, MINUTE).unwrap();
        close(ramp.expected_arrivals(MINUTE), 63.0 * 60.0 / 64f64.ln());
        close(ramp.expected_arrivals(MINUTE / 2), 7.0 * 60.0 / 64f64.ln());
    }

    #[test]
    fn a_pause_between_two_steps_is_silent() {
        let steps = RateProfile::steps([(5.0, MINUTE), (0.0, MINUTE), (10.0, MINUTE)]).unwrap();
        close(steps.instant_of(299.0).unwrap(), 59.8);
        close(steps.instant_of(301.0).unwrap(), 120.1);
        assert_eq!(steps.natural_length(), Some(3 * MINUTE));
    }

    #[test]
    fn a_rate_that_is_none_is_refused_with_the_value() {
        for rate in [-1.0, f64::NAN, f64::INFINITY, 1e9] {
            let message = RateProfile::constant(rate).unwrap_err().to_string();
            assert!(message.contains(&rate.to_string()), "{message}");
        }
        assert!(RateProfile::ramp(Ramp::Exponential, 0.0, 1.0, MINUTE).is_err());
        assert!(RateProfile::ramp(Ramp::Linear, 0.0, 1.0, Duration::ZERO).is_err());
        assert!(RateProfile::steps([]).is_err());
        assert_eq!(RateProfile::constant(0.0).unwrap().instant_of(1.0), None);
    }

    #[test]
    fn a_profile_prints_as_it_is_written() {
        assert_eq!(RateProfile::constant(8.0).unwrap().to_string(), "8");
        assert_eq!(RateProfile::ramp(Ramp::Linear, 2.0, 20.0, MINUTE).unwrap().to_string(), "2..20@60");
        assert_eq!(RateProfile::steps([(5.0, MINUTE), (1.5, MINUTE)]).unwrap().to_string(), "5@60,1.5@60");
    }
}
