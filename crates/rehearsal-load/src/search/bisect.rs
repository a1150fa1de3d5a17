//! Doubles until the objectives are missed, then halves the distance.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Halvings below the first level after which a rate counts as none: a thousandth of it.
const HALVINGS: u32 = 10;

/// Bounds that no search can start from.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("cannot search from {from} to {most}: {why}")]
pub struct SearchError {
    from: f64,
    most: f64,
    why: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Grid {
    /// Whole numbers; the search ends at two neighbours.
    Whole,
    /// Any rate; the search ends when the bracket is within this share of its lower end.
    Within(f64),
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Knee {
    /// The objectives are met at the lower level and missed at the upper one, which is next to it or within the tolerance.
    Found {
        /// The highest level that met them.
        highest_met: f64,
        /// The lowest level that missed them.
        lowest_missed: f64,
    },
    /// The runs do not tell.
    Unresolved {
        /// Why.
        reason: Unresolved,
        /// The highest level that met the objectives.
        highest_met: Option<f64>,
        /// The lowest level that missed them.
        lowest_missed: Option<f64>,
    },
}

/// Why a search has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unresolved {
    /// Even the lowest level missed.
    NothingMeets,
    /// Even the highest allowed level met.
    EverythingMeets,
    /// Repeats at one level disagree: the knee lies in its spread.
    RepeatsDisagree,
    /// It was stopped.
    Stopped,
}

/// Finds the highest level of load at which runs meet their objectives.
///
/// It takes for granted that more load is never better. Each level may be run
/// several times; it counts as met or missed when all of them agree.
///
/// ```
/// use rehearsal_load::search::{Knee, LoadSearch};
///
/// let mut search = LoadSearch::over_concurrency(1, 1024)?;
/// while let Some(level) = search.next_level() {
///     search.observe(level <= 37.0);
/// }
/// assert_eq!(search.knee(), Knee::Found { highest_met: 37.0, lowest_missed: 38.0 });
/// # Ok::<(), rehearsal_load::search::SearchError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LoadSearch {
    grid: Grid,
    from: f64,
    most: f64,
    repeats: u32,
    met: Option<f64>,
    missed: Option<f64>,
    level: f64,
    /// Runs of this level so far, and how many of them met.
    runs: (u32, u32),
    ended: Option<Unresolved>,
}

impl LoadSearch {
    /// Over whole numbers of requests in flight, from `from` upwards, `most` at most.
    pub fn over_concurrency(from: u32, most: u32) -> Result<Self, SearchError> {
        Self::new(Grid::Whole, f64::from(from), f64::from(most))
    }

    /// Over request rates, until the bracket is within `tolerance` (0.02 is 2 %) of its lower end.
    pub fn over_rate(from: f64, most: f64, tolerance: f64) -> Result<Self, SearchError> {
        if !tolerance.is_finite() || tolerance <= 1e-6 {
            return Err(SearchError { from, most, why: "the tolerance must be above 1e-6" });
        }
        Self::new(Grid::Within(tolerance), from, most)
    }

    fn new(grid: Grid, from: f64, most: f64) -> Result<Self, SearchError> {
        let why = match (from.is_finite() && 0.0 < from, most.is_finite() && from <= most) {
            (false, _) => "the first level must be above 0",
            (_, false) => "the highest level must not be below the first one",
            (true, true) => {
                let level = from;
                return Ok(Self {
                    grid,
                    from,
                    most,
                    repeats: 1,
                    met: None,
                    missed: None,
                    level,
                    runs: (0, 0),
                    ended: None,
                });
            }
        };
        Err(SearchError { from, most, why })
    }

    /// How many runs each level gets, at least 1.
    #[must_use]
    pub fn repeats(mut self, repeats: u32) -> Self {
        self.repeats = repeats.max(1);
        self
    }

    /// The level to run next, or `None` at the end.
    #[must_use]
    pub fn next_level(&self) -> Option<f64> {
        (self.ended.is_none() && !self.is_narrow()).then_some(self.level)
    }

    /// How many runs of this level there were.
    #[must_use]
    pub fn runs_of_level(&self) -> u32 {
        self.runs.0
    }

    /// Whether a run at [`next_level`](Self::next_level) met every objective.
    pub fn observe(&mut self, met: bool) {
        self.runs = (self.runs.0 + 1, self.runs.1 + u32::from(met));
        match self.runs {
            (runs, met) if 0 < met && met < runs => self.ended = Some(Unresolved::RepeatsDisagree),
            (runs, _) if runs < self.repeats => {}
            (_, 0) => {
                self.missed = Some(self.level);
                self.advance();
            }
            _ => {
                self.met = Some(self.level);
                self.advance();
            }
        }
    }

    /// Gives up; [`knee`](Self::knee) then tells what was known.
    pub fn stop(&mut self) {
        if self.next_level().is_some() {
            self.ended = Some(Unresolved::Stopped);
        }
    }

    /// What the runs say.
    #[must_use]
    pub fn knee(&self) -> Knee {
        match (self.met, self.missed, self.ended) {
            (Some(highest_met), Some(lowest_missed), None) if self.is_narrow() => {
                Knee::Found { highest_met, lowest_missed }
            }
            (highest_met, lowest_missed, reason) => {
                Knee::Unresolved { reason: reason.unwrap_or(Unresolved::Stopped), highest_met, lowest_missed }
            }
        }
    }

    fn advance(&mut self) {
        self.runs = (0, 0);
        match (self.met, self.missed) {
            (Some(met), Some(missed)) => self.level = self.between(met, missed),
            (Some(met), None) if self.most <= met => self.ended = Some(Unresolved::EverythingMeets),
            (Some(met), None) => self.level = (2.0 * met).min(self.most),
            (None, Some(missed)) => match self.grid {
                Grid::Whole if missed <= 1.0 => self.ended = Some(Unresolved::NothingMeets),
                Grid::Whole => self.level = (missed / 2.0).floor(),
                Grid::Within(_) if missed * f64::from(1 << HALVINGS) <= self.from => {
                    self.ended = Some(Unresolved::NothingMeets);
                }
                Grid::Within(_) => self.level = missed / 2.0,
            },
            (None, None) => {}
        }
    }

    fn is_narrow(&self) -> bool {
        match (self.met, self.missed, self.grid) {
            (Some(met), Some(missed), Grid::Whole) => missed <= met + 1.0,
            (Some(met), Some(missed), Grid::Within(tolerance)) => missed <= met * (1.0 + tolerance),
            _ => false,
        }
    }

    fn between(&self, met: f64, missed: f64) -> f64 {
        match self.grid {
            Grid::Whole => f64::midpoint(met, missed).floor(),
            // rates matter by their ratio
            Grid::Within(_) => (met * missed).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(mut search: LoadSearch, meets: impl Fn(f64) -> bool) -> (Vec<f64>, Knee) {
        let mut levels = Vec::new();
        while let Some(level) = search.next_level() {
            levels.push(level);
            search.observe(meets(level));
        }
        (levels, search.knee())
    }

    #[test]
    fn it_doubles_and_then_halves_the_distance() {
        let search = LoadSearch::over_concurrency(1, 1000).unwrap();
        let (tried, knee) = levels(search, |level| level <= 11.0);
        assert_eq!(tried, [1.0, 2.0, 4.0, 8.0, 16.0, 12.0, 10.0, 11.0]);
        assert_eq!(knee, Knee::Found { highest_met: 11.0, lowest_missed: 12.0 });
    }

    #[test]
    fn a_first_level_that_is_too_high_is_halved() {
        let (tried, knee) = levels(LoadSearch::over_concurrency(64, 64).unwrap(), |level| level <= 20.0);
        assert_eq!(tried, [64.0, 32.0, 16.0, 24.0, 20.0, 22.0, 21.0]);
        assert_eq!(knee, Knee::Found { highest_met: 20.0, lowest_missed: 21.0 });
    }

    #[test]
    fn a_rate_is_found_within_the_tolerance() {
        for knee_at in [0.013, 0.9, 7.77, 123.4] {
            let (tried, knee) = levels(LoadSearch::over_rate(1.0, 1e4, 0.02).unwrap(), |level| level <= knee_at);
            let Knee::Found { highest_met, lowest_missed } = knee else { panic!("{knee_at}: {knee:?}") };
            assert!(highest_met <= knee_at && knee_at < lowest_missed && lowest_missed <= 1.02 * highest_met);
            assert!(tried.len() < 20, "{tried:?}");
        }
    }

    #[test]
    fn what_the_runs_do_not_tell_is_unresolved() {
        let reason = |search, meets: fn(f64) -> bool| match levels(search, meets).1 {
            Knee::Unresolved { reason, .. } => reason,
            found @ Knee::Found { .. } => panic!("{found:?}"),
        };
        assert_eq!(reason(LoadSearch::over_concurrency(8, 64).unwrap(), |_| false), Unresolved::NothingMeets);
        assert_eq!(reason(LoadSearch::over_rate(8.0, 64.0, 0.1).unwrap(), |_| false), Unresolved::NothingMeets);
        assert_eq!(reason(LoadSearch::over_concurrency(1, 100).unwrap(), |_| true), Unresolved::EverythingMeets);
    }

    #[test]
    fn repeats_that_disagree_end_the_search_with_the_bracket_so_far() {
        let mut search = LoadSearch::over_concurrency(1, 64).unwrap().repeats(2);
        for met in [true, true, true, true, true, false] {
            search.observe(met);
        }
        assert_eq!(search.next_level(), None);
        let reason = Unresolved::RepeatsDisagree;
        assert_eq!(search.knee(), Knee::Unresolved { reason, highest_met: Some(2.0), lowest_missed: None });
    }

    #[test]
    fn a_search_that_is_stopped_keeps_its_bracket() {
        let mut search = LoadSearch::over_concurrency(1, 64).unwrap();
        search.observe(true);
        search.stop();
        let reason = Unresolved::Stopped;
        assert_eq!(search.knee(), Knee::Unresolved { reason, highest_met: Some(1.0), lowest_missed: None });
    }

    #[test]
    fn bounds_that_hold_nothing_are_refused() {
        for (from, most) in [(0.0, 5.0), (6.0, 5.0), (f64::NAN, 5.0), (1.0, f64::INFINITY)] {
            assert!(LoadSearch::over_rate(from, most, 0.1).is_err(), "{from} {most}");
        }
        assert!(LoadSearch::over_rate(1.0, 2.0, 0.0).is_err());
    }
}
