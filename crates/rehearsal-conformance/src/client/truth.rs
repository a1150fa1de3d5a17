//! What is true of the streams that were played: the figures that a client should report.

use std::{collections::BTreeMap, time::Duration};

use super::{Played, play::Stated};

/// The true figures of a case. Lengths are means over the requests that succeeded, in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Requests that were answered.
    pub requests: usize,
    /// Those with a complete answer.
    pub successes: usize,
    /// Time to first token of any choice.
    pub ttft_ms: Option<f64>,
    /// Time to the last token of any choice.
    pub e2el_ms: Option<f64>,
    /// Last minus first token, summed over choices, over the tokens after each choice's first write.
    pub per_token_ms: Option<f64>,
    /// Output tokens of all successes.
    pub output: TokenTruth,
}

/// Output tokens, and what a client can know of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenTruth {
    /// The server said so.
    Stated(u64),
    /// The server said nothing; there were so many.
    Unstated(u64),
    /// The server said less than there were.
    Lied {
        /// What it said.
        said: u64,
        /// How many there were.
        generated: u64,
    },
}

impl Truth {
    /// Of what was played.
    #[must_use]
    pub fn of(played: &[Played]) -> Self {
        let good: Vec<&Played> = played.iter().filter(|played| played.play.failure.is_none()).collect();
        Self {
            requests: played.len(),
            successes: good.len(),
            ttft_ms: mean(&good, |played| played.tokens().map(|(at, ..)| at).min()),
            e2el_ms: mean(&good, |played| played.tokens().map(|(at, ..)| at).max()),
            per_token_ms: mean(&good, per_token),
            output: TokenTruth::of(&good),
        }
    }
}

impl TokenTruth {
    fn of(good: &[&Played]) -> Self {
        let generated = good.iter().map(|played| played.play.generated()).sum();
        let mut said = 0;
        for played in good {
            match played.play.stated {
                Stated::Truly => said += played.play.generated(),
                Stated::Falsely(count) => said += count,
                Stated::Nothing => return Self::Unstated(generated),
            }
        }
        if said == generated { Self::Stated(generated) } else { Self::Lied { said, generated } }
    }
}

fn per_token(played: &Played) -> Option<Duration> {
    // first instant, last instant, tokens after the first write
    let mut choices: BTreeMap<u32, (Duration, Duration, u64)> = BTreeMap::new();
    for (at, choice, tokens) in played.tokens() {
        choices
            .entry(choice)
            .and_modify(|(_, last, after)| {
                *last = at;
                *after += tokens;
            })
            .or_insert((at, at, 0));
    }
    let span: Duration = choices.values().map(|(first, last, _)| last.saturating_sub(*first)).sum();
    let after: u64 = choices.values().map(|(.., after)| after).sum();
    (0 < after).then(|| span / u32::try_from(after).unwrap_or(u32::MAX))
}

fn mean(good: &[&Played], length: impl Fn(&Played) -> Option<Duration>) -> Option<f64> {
    let lengths: Vec<Duration> = good.iter().filter_map(|played| length(played)).collect();
    let sum: Duration = lengths.iter().sum();
    (!lengths.is_empty()).then(|| sum.as_secs_f64() * 1000.0 / lengths.len() as f64)
}
