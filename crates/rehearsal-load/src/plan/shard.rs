//! A part of a run that several generators make together.

use std::{fmt, num::NonZeroUsize, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of `of` generators: it sends the requests whose index leaves its number when divided by `of`, with its part of the
/// workers or slots. All of them together send what one generator with the same plan would.
///
/// ```
/// use rehearsal_load::Shard;
///
/// let shard: Shard = "1/4".parse()?;
/// assert_eq!((shard.share(10), shard.index(0), shard.index(1)), (3, 1, 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct Shard {
    number: usize,
    of: NonZeroUsize,
}

/// A text that names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no shard; write it as NUMBER/OF, counted from 0: 0/4, 1/4, 2/4 and 3/4 are the shards of four")]
pub struct ShardError(String);

impl Shard {
    /// Which one, from 0.
    #[must_use]
    pub fn number(self) -> usize {
        self.number
    }

    /// How many there are.
    #[must_use]
    pub fn of(self) -> NonZeroUsize {
        self.of
    }

    /// How many of `count` things are this shard's; the shares of all of them add up to `count`.
    #[must_use]
    pub fn share(self, count: usize) -> usize {
        count / self.of + usize::from(self.number < count % self.of)
    }

    /// The run's index of this shard's own request number `own`.
    #[must_use]
    pub fn index(self, own: usize) -> usize {
        own.saturating_mul(self.of.get()).saturating_add(self.number)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let parse = || {
            let (number, of) = text.split_once('/')?;
            let shard = Self { number: number.parse().ok()?, of: of.parse().ok()? };
            (shard.number < shard.of.get()).then_some(shard)
        };
        parse().ok_or_else(|| ShardError(text.to_owned()))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = ShardError;

    fn try_from(text: String) -> Result<Self, ShardError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_belongs_to_one_shard() {
        for (of, count) in [(1, 5), (4, 10), (3, 2)] {
            let mut indices = Vec::new();
            for number in 0..of {
                let shard: Shard = format!("{number}/{of}").parse().unwrap();
                indices.extend((0..shard.share(count)).map(|own| shard.index(own)));
            }
            indices.sort_unstable();
            assert_eq!(indices, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_names_no_shard_is_refused() {
        for wrong in ["", "1", "4/4", "0/0", "-1/4", "a/b", "1/4/2"] {
            assert!(wrong.parse::<Shard>().unwrap_err().to_string().contains("counted from 0"), "{wrong}");
        }
    }
}
