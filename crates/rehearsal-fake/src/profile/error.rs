//! What can be wrong with a profile.

use thiserror::Error;

use crate::engine::StepTableError;

/// Why there is no such profile.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Not a built-in name.
    #[error("there is no profile `{name}`; did you mean `{nearest}`? there are {}", known.join(", "))]
    Unknown {
        /// As asked.
        name: String,
        /// The name that differs least.
        nearest: String,
        /// All names.
        known: Vec<String>,
    },
    /// Not TOML.
    #[error("profile `{origin}` is not TOML: {message}")]
    Syntax {
        /// Where it comes from.
        origin: String,
        /// What the parser says.
        message: String,
    },
    /// A value is missing, of the wrong type, or unknown.
    #[error("profile `{origin}`: {message}")]
    Shape {
        /// Where it comes from.
        origin: String,
        /// What is wrong.
        message: String,
    },
    /// A number that nobody vouches for.
    #[error("profile `{origin}`: `{path}` has no source; write `{{ value = {value}, source = \"…\" }}`")]
    NoSource {
        /// Where it comes from.
        origin: String,
        /// The number's place.
        path: String,
        /// The number.
        value: String,
    },
    /// A source that is not described.
    #[error(
        "profile `{origin}`: `{path}` names the source `{source_key}`, which `[sources]` does not describe; add it"
    )]
    UnknownSource {
        /// Where it comes from.
        origin: String,
        /// The number's place.
        path: String,
        /// The key.
        source_key: String,
    },
    /// Extends something that is not built in, or itself.
    #[error(
        "profile `{origin}` extends `{base}`, which is no built-in profile or extends it in turn; name one that is"
    )]
    UnknownBase {
        /// Where it comes from.
        origin: String,
        /// As named.
        base: String,
    },
    /// A number out of its range.
    #[error("profile `{origin}`: `{path}` must be {expected}, got {got}")]
    OutOfRange {
        /// Where it comes from.
        origin: String,
        /// The number's place.
        path: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        got: f64,
    },
    /// A table of step times that is none.
    #[error("profile `{origin}`: {source}")]
    Table {
        /// Where it comes from.
        origin: String,
        /// What is wrong with it.
        source: StepTableError,
    },
}

impl ProfileError {
    pub(super) fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        let known: Vec<String> = known.map(str::to_owned).collect();
        let nearest = known.iter().min_by_key(|candidate| distance(name, candidate)).cloned().unwrap_or_default();
        Self::Unknown { name: name.to_owned(), nearest, known }
    }
}

/// Levenshtein's edit distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, to) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = substituted.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_edits() {
        let cases = [("", "abc", 3), ("kitten", "sitting", 3), ("report-tp3", "report-tp2", 1), ("flaw", "lawn", 2)];
        for (left, right, edits) in cases {
            assert_eq!(distance(left, right), edits, "{left} → {right}");
        }
    }
}
