//! Two runs, or two sets of repeated runs: which figures moved, by how much, and whether that is more than chance and
//! more than anybody cares about.
//!
//! A figure's difference is resampled ([`bootstrap`]): runs with replacement where a side has several, and requests
//! within each. The verdict compares the interval of the relative difference with a practical threshold, so that neither
//! a large but noisy nor a certain but tiny difference counts as a change. Requests of one run are not independent of each
//! other; with a single run a side the interval is too narrow, and the result says so.

mod bootstrap;
mod figure;
mod output;
mod threshold;
mod verdict;

pub use self::{
    bootstrap::{Interval, bootstrap},
    figure::{Figure, FigureError, Measure, Statistic},
    output::{to_junit, to_markdown, to_text},
    threshold::{Limit, Threshold, ThresholdError},
    verdict::{Change, Comparison, ComparisonReport, compare},
};

/// The threshold where none is given: 5 %, in the direction that is worse for the figure.
pub const PRACTICAL: f64 = 0.05;
