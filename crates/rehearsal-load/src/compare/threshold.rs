//! When a difference matters: `p95_ttft>+5%`, `mean_tpot>+2ms`, `output_tokens_per_s<-3%`.

use std::{fmt, str::FromStr};

use super::{Figure, FigureError, PRACTICAL};

/// How far a figure may move in its bad direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Which figure.
    pub figure: Figure,
    /// How far.
    pub limit: Limit,
}

/// A distance; never negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A share of the baseline's figure.
    Relative(f64),
    /// In the figure's own unit: seconds, a rate, or a share of requests.
    Absolute(f64),
}

/// A text that is no threshold.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// The figure is none.
    #[error("threshold `{text}`: {error}")]
    Figure {
        /// All of it.
        text: String,
        /// What is wrong with the figure.
        error: FigureError,
    },
    /// It is not written as one.
    #[error("threshold `{text}`: {reason}; write it as 'p95_ttft>+5%', 'mean_tpot>+2ms' or 'output_tokens_per_s<-3%'")]
    Form {
        /// All of it.
        text: String,
        /// What is wrong.
        reason: String,
    },
}

impl Threshold {
    /// The practical threshold of a figure for which none is given.
    #[must_use]
    pub fn practical(figure: Figure) -> Self {
        Self { figure, limit: Limit::Relative(PRACTICAL) }
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let form = |reason: String| ThresholdError::Form { text: text.to_owned(), reason };
        let place = text.find(['>', '<']).ok_or_else(|| form("`>` or `<` is missing".into()))?;
        let (name, rest) = text.split_at(place);
        let figure: Figure = name.parse().map_err(|error| ThresholdError::Figure { text: text.to_owned(), error })?;
        let worse = if figure.measure.more_is_better() { "<-" } else { ">+" };
        let amount = rest[..1].to_owned() + rest[1..].trim_start();
        let amount = amount
            .strip_prefix(worse)
            .ok_or_else(|| form(format!("{figure} gets worse by `{worse}`, and only that can fail")))?;

        let split = amount.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(amount.len());
        let (number, unit) = amount.split_at(split);
        let number: f64 = number.parse().map_err(|_| form(format!("`{number}` is no number")))?;
        let limit = match (unit.trim(), figure.measure.is_latency()) {
            ("%", _) => Limit::Relative(number / 100.0),
            ("ms", true) => Limit::Absolute(number / 1000.0),
            ("s", true) | ("", false) => Limit::Absolute(number),
            ("", true) => return Err(form("the unit is missing: %, ms or s".into())),
            (unit, _) => return Err(form(format!("`{unit}` is no unit of {figure}"))),
        };
        Ok(Self { figure, limit })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worse = if self.figure.measure.more_is_better() { "<-" } else { ">+" };
        match self.limit {
            Limit::Relative(share) => write!(f, "{}{worse}{}%", self.figure, share * 100.0),
            Limit::Absolute(length) if self.figure.measure.is_latency() => {
                write!(f, "{}{worse}{}ms", self.figure, length * 1000.0)
            }
            Limit::Absolute(amount) => write!(f, "{}{worse}{amount}", self.figure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, limit: Limit) {
        let threshold: Threshold = text.parse().unwrap();
        assert_eq!(threshold.limit, limit);
        assert_eq!(threshold.to_string().parse::<Threshold>().unwrap(), threshold, "{threshold} reads back");
    }

    #[test]
    fn thresholds_are_relative_or_in_the_figures_unit() {
        check("p95_ttft>+5%", Limit::Relative(0.05));
        check("mean_tpot > +2ms", Limit::Absolute(0.002));
        check("p99_e2el>+0.5s", Limit::Absolute(0.5));
        check("output_tokens_per_s<-3%", Limit::Relative(0.03));
        check("error_rate>+0.01", Limit::Absolute(0.01));
    }

    #[test]
    fn what_is_no_threshold_says_how_to_write_one() {
        for (text, reason) in [
            ("p95_ttft", "`>` or `<` is missing"),
            ("p95_speed>+5%", "no figure `p95_speed`"),
            ("p95_ttft<-5%", "gets worse by `>+`"),
            ("qps>+5%", "gets worse by `<-`"),
            ("p95_ttft>+5", "the unit is missing"),
            ("p95_ttft>+5kg", "`kg` is no unit"),
            ("p95_ttft>+%", "`` is no number"),
            ("ttft>+5%", "no figure `ttft`"),
        ] {
            let error = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
