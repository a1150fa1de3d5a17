//! How long prompts and answers are.

use std::{fmt, num::NonZeroU32, str::FromStr};

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Normal, Uniform};

/// A length that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no length; write 512, 100..900 (uniform), 512~64 (normal, with its deviation) or 512*2 (log-normal: \
         two in three within a factor of 2 around the median), in tokens above 0"
)]
pub struct LengthError(String);

/// A number of tokens, or how it spreads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// Always the same.
    Fixed(NonZeroU32),
    /// Every length from one to another, both included, is as likely.
    Uniform(NonZeroU32, NonZeroU32),
    /// Normal around a mean, with a standard deviation; never below 1.
    Normal(NonZeroU32, f64),
    /// Log-normal around a median; 68 % lie within this factor of it.
    LogNormal(NonZeroU32, f64),
}

impl Length {
    pub(super) fn sample(self, rng: &mut ChaCha8Rng) -> NonZeroU32 {
        let drawn = match self {
            Self::Fixed(length) => return length,
            Self::Uniform(from, to) => {
                return Uniform::new_inclusive(from.get(), to.get())
                    .ok()
                    .and_then(|uniform| NonZeroU32::new(uniform.sample(rng)))
                    .unwrap_or(from);
            }
            Self::Normal(mean, deviation) => Normal::new(f64::from(mean.get()), deviation).map(|it| it.sample(rng)),
            Self::LogNormal(median, factor) => {
                return LogNormal::new(f64::from(median.get()).ln(), factor.ln())
                    .map_or(median, |it| tokens(it.sample(rng)));
            }
        };
        drawn.map_or(NonZeroU32::MIN, tokens)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn tokens(length: f64) -> NonZeroU32 {
    NonZeroU32::new(length.round() as u32).unwrap_or(NonZeroU32::MIN)
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let wrong = || LengthError(text.to_owned());
        let count = |text: &str| text.trim().parse::<NonZeroU32>().map_err(|_| wrong());
        let number = |text: &str, least: f64| {
            text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && least <= *number).ok_or_else(wrong)
        };
        if let Some((from, to)) = text.split_once("..") {
            let (from, to) = (count(from)?, count(to)?);
            return if from <= to { Ok(Self::Uniform(from, to)) } else { Err(wrong()) };
        }
        if let Some((mean, deviation)) = text.split_once('~') {
            return Ok(Self::Normal(count(mean)?, number(deviation, 0.0)?));
        }
        if let Some((median, factor)) = text.split_once('*') {
            return Ok(Self::LogNormal(count(median)?, number(factor, 1.0)?));
        }
        count(text).map(Self::Fixed)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "{length}"),
            Self::Uniform(from, to) => write!(f, "{from}..{to}"),
            Self::Normal(mean, deviation) => write!(f, "{mean}~{deviation}"),
            Self::LogNormal(median, factor) => write!(f, "{median}*{factor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn draw(text: &str) -> Vec<f64> {
        let length: Length = text.parse().unwrap();
        assert_eq!(length.to_string(), text);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut drawn: Vec<f64> = (0..20_000).map(|_| f64::from(length.sample(&mut rng).get())).collect();
        drawn.sort_unstable_by(f64::total_cmp);
        drawn
    }

    #[track_caller]
    fn close(value: f64, expect: f64, by: f64) {
        assert!((value - expect).abs() <= by, "{value} is not {expect} ± {by}");
    }

    #[test]
    fn lengths_spread_as_asked() {
        let mean = |drawn: &[f64]| drawn.iter().sum::<f64>() / drawn.len() as f64;
        assert!(draw("512").iter().all(|length| length.to_bits() == 512f64.to_bits()));

        let uniform = draw("100..900");
        close(uniform[0], 100.0, 1.0);
        close(uniform[19_999], 900.0, 1.0);
        close(mean(&uniform), 500.0, 7.0); // standard error 1.6

        let normal = draw("512~64");
        close(mean(&normal), 512.0, 2.0); // standard error 0.45
        close(normal[3173], 448.0, 4.0); // 15.87 % lie below the mean less a deviation

        let log_normal = draw("512*2");
        close(log_normal[10_000], 512.0, 20.0);
        close(log_normal[3173], 256.0, 15.0);
    }

    #[test]
    fn what_is_no_length_is_quoted() {
        for wrong in ["0", "", "9..1", "5~-1", "5~x", "5*0.5", "-3", "1e3"] {
            assert!(wrong.parse::<Length>().unwrap_err().to_string().contains(&format!("`{wrong}`")));
        }
    }
}
