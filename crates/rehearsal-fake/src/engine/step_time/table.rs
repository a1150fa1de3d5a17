//! A table of points, linearly interpolated.

use thiserror::Error;

/// Milliseconds over `m`, the tokens that go through the model in a step: linear between the points, constant beyond them.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTable {
    points: Vec<(f64, f64)>,
}

impl StepTable {
    /// A table of `(m, ms)` points in increasing order of `m`.
    ///
    /// ```
    /// use rehearsal_fake::engine::StepTable;
    ///
    /// let table = StepTable::new(vec![(1.0, 75.0), (16.0, 60.0)])?;
    /// assert_eq!(table.at(8.5), 67.5);
    /// assert_eq!(table.at(64.0), 60.0);
    /// # Ok::<(), rehearsal_fake::engine::StepTableError>(())
    /// ```
    pub fn new(points: Vec<(f64, f64)>) -> Result<Self, StepTableError> {
        if points.is_empty() {
            return Err(StepTableError::Empty);
        }
        if let Some(&(tokens, ms)) = points.iter().find(|(tokens, ms)| !tokens.is_finite() || !ms.is_finite()) {
            return Err(StepTableError::NotFinite { tokens, ms });
        }
        match points.windows(2).find(|pair| pair[1].0 <= pair[0].0) {
            Some(pair) => Err(StepTableError::NotIncreasing { before: pair[0].0, after: pair[1].0 }),
            None => Ok(Self { points }),
        }
    }

    /// The value at `tokens`.
    #[must_use]
    pub fn at(&self, tokens: f64) -> f64 {
        let after = self.points.partition_point(|(point, _)| *point <= tokens);
        if after == 0 {
            return self.points[0].1;
        }
        let (left, left_ms) = self.points[after - 1];
        match self.points.get(after) {
            Some(&(right, right_ms)) => left_ms + (right_ms - left_ms) / (right - left) * (tokens - left),
            None => left_ms,
        }
    }

    /// The points.
    #[must_use]
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }
}

/// Why points make no table.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum StepTableError {
    /// Nothing to interpolate.
    #[error("a step table needs at least one point")]
    Empty,
    /// Not a number.
    #[error("a step table's points must be finite numbers, got ({tokens}, {ms})")]
    NotFinite {
        /// As given.
        tokens: f64,
        /// As given.
        ms: f64,
    },
    /// Not a function.
    #[error("a step table's points must be in increasing order of tokens, got {after} after {before}")]
    NotIncreasing {
        /// The earlier point.
        before: f64,
        /// The later one.
        after: f64,
    },
}
