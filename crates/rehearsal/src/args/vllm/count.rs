//! Numbers as vLLM's command line takes them: `1k`, `32K`, `25.6k`.

use std::{num::NonZeroU32, str::FromStr};

/// A whole number, perhaps with a multiplier: k, m, g for powers of 1000, K, M, G for powers of 1024 (`human_readable_int`,
/// `engine/arg_utils.py` of 0.13.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(NonZeroU32);

impl Count {
    /// The number.
    pub(crate) fn get(self) -> u32 {
        self.0.get()
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = count(text)?;
        let fits = u32::try_from(number).ok().and_then(NonZeroU32::new);
        fits.map(Self).ok_or_else(|| format!("`{text}` must be at least 1 and below 2^32"))
    }
}

/// A [`Count`], or `auto` (also written −1): as many as fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountOrAuto {
    /// As many as fit.
    Auto,
    /// This many.
    Count(Count),
}

impl FromStr for CountOrAuto {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" || text == "-1" { Ok(Self::Auto) } else { text.parse().map(Self::Count) }
    }
}

/// The number of bytes in a text such as `20G`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    count(text)
}

/// The number in a text such as `32K`.
fn count(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no whole number; write 4096, 4k (4,000) or 4K (4,096)");
    let Some(suffix) = text.chars().last().filter(char::is_ascii_alphabetic) else {
        return text.parse().map_err(|_| wrong());
    };
    let number = &text[..text.len() - 1];
    let base: u64 = if suffix.is_ascii_lowercase() { 1000 } else { 1024 };
    let power = match suffix.to_ascii_lowercase() {
        'k' => 1,
        'm' => 2,
        'g' => 3,
        't' => 4,
        _ => return Err(wrong()),
    };
    let multiplier = base.pow(power);
    let Some((whole, decimals)) = number.split_once('.') else {
        let number: u64 = number.parse().map_err(|_| wrong())?;
        return number.checked_mul(multiplier).ok_or_else(wrong);
    };
    if base == 1024 {
        let small = suffix.to_ascii_lowercase();
        return Err(format!("`{text}`: decimals go with decimal multipliers only, such as {number}{small}"));
    }
    // digit by digit, since 25.6k is 25,600 and not what a float makes of it
    let digits: u64 = format!("{whole}{decimals}").parse().map_err(|_| wrong())?;
    let scale = u32::try_from(decimals.len()).ok().and_then(|places| 10_u64.checked_pow(places)).ok_or_else(wrong)?;
    digits.checked_mul(multiplier).map(|number| number / scale).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of `--help=all`, and what its rule says of others.
    #[test]
    fn multipliers_are_decimal_in_small_letters_and_binary_in_capitals() {
        for (text, expect) in [("4096", 4096), ("1k", 1000), ("1K", 1024), ("25.6k", 25_600), ("2M", 2 << 20)] {
            assert_eq!(count(text), Ok(expect), "{text}");
        }
        for wrong in ["", "k", "-5", "1.5", "1x", "1.5K", "1.k.", "99999999999999999999", "9999999999999t"] {
            assert!(count(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }

    #[test]
    fn auto_has_two_names() {
        assert_eq!("auto".parse(), Ok(CountOrAuto::Auto));
        assert_eq!("-1".parse(), Ok(CountOrAuto::Auto));
        assert!("0".parse::<CountOrAuto>().is_err());
    }
}
