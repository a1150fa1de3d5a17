//! One figure as several models see it.

use serde::Serialize;

/// What one model says, and what all the models that fit the same measurement span.
///
/// It is no confidence interval: nobody knows how likely each model is. It says how much the measurement leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    /// The model that is believed most.
    pub likely: f64,
    /// The least that any of them says.
    pub low: f64,
    /// The most.
    pub high: f64,
}

impl Band {
    /// The band of `likely` and the `others`.
    ///
    /// ```
    /// use rehearsal::forecast::Band;
    ///
    /// let band = Band::of(12.9, [16.4]);
    /// assert_eq!((band.low, band.high), (12.9, 16.4));
    /// ```
    #[must_use]
    pub fn of(likely: f64, others: impl IntoIterator<Item = f64>) -> Self {
        others.into_iter().fold(Self { likely, low: likely, high: likely }, |band, other| Self {
            low: band.low.min(other),
            high: band.high.max(other),
            ..band
        })
    }

    /// The band of a figure that falls where this one rises, or rises with it.
    #[must_use]
    pub fn map(self, figure: impl Fn(f64) -> f64) -> Self {
        Self::of(figure(self.likely), [figure(self.low), figure(self.high)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_figure_swaps_the_ends() {
        let cost = Band::of(4.0, [2.0, 8.0]).map(|throughput| 8.0 / throughput);
        assert_eq!(cost, Band { likely: 2.0, low: 1.0, high: 4.0 });
    }
}
