//! The comparison itself.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{Figure, Interval, Limit, Measure, Statistic, Threshold, bootstrap};
use crate::report::Recording;

/// Runs a side from which an interval accounts for the difference between runs.
const ENOUGH_RUNS: usize = 3;

/// One figure of two sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Which figure, and how far it may move.
    pub threshold: String,
    /// Which figure.
    pub figure: String,
    /// Its value in the baseline; `null` without samples.
    pub baseline: Option<f64>,
    /// Its value in the candidate.
    pub candidate: Option<f64>,
    /// Candidate ÷ baseline − 1; `null` where the baseline is 0.
    pub relative: Option<f64>,
    /// The interval of candidate − baseline.
    pub difference: Option<Interval>,
    /// The distance that matters, in the figure's unit.
    pub matters: Option<f64>,
    /// What follows.
    pub change: Change,
    /// Whether it was asked to fail on this figure.
    pub gates: bool,
    /// Whether it is a length of time in seconds.
    pub is_latency: bool,
}

/// What became of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// All of the interval is better than the threshold.
    Improved,
    /// All of the interval is worse than the threshold.
    Regressed,
    /// All of the interval is within the threshold.
    Unchanged,
    /// The interval crosses the threshold: more requests or more runs would tell.
    Undecided,
}

impl Change {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Regressed => "regressed",
            Self::Unchanged => "unchanged",
            Self::Undecided => "undecided",
        }
    }
}

/// Everything that was compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonReport {
    /// A line a figure.
    pub comparisons: Vec<Comparison>,
    /// Reasons to read it with care.
    pub warnings: Vec<String>,
}

impl ComparisonReport {
    /// The figures that were asked to hold and got worse.
    pub fn failures(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter().filter(|comparison| comparison.gates && comparison.change == Change::Regressed)
    }
}

/// Figures that are compared when nothing else is asked for.
const USUAL: [(Statistic, Measure); 9] = [
    (Statistic::P50, Measure::Ttft),
    (Statistic::P95, Measure::Ttft),
    (Statistic::Mean, Measure::Tpot),
    (Statistic::P99, Measure::Itl),
    (Statistic::P50, Measure::E2el),
    (Statistic::P95, Measure::E2el),
    (Statistic::Mean, Measure::RequestsPerS),
    (Statistic::Mean, Measure::OutputTokensPerS),
    (Statistic::Mean, Measure::ErrorRate),
];

/// Compares `candidate` with `baseline`, each one or several runs of the same load. `gates` are the thresholds that may
/// fail; the usual figures stand beside them for information. The same `seed` gives the same verdicts.
#[must_use]
pub fn compare(baseline: &[Recording], candidate: &[Recording], gates: &[Threshold], seed: u64) -> ComparisonReport {
    let usual = USUAL.map(|(statistic, measure)| Threshold::practical(Figure { statistic, measure }));
    let informative = usual.iter().filter(|usual| !gates.iter().any(|gate| gate.figure == usual.figure));
    let all = gates.iter().map(|gate| (gate, true)).chain(informative.map(|usual| (usual, false)));
    let comparisons = all
        .map(|(threshold, gates)| one(baseline, candidate, threshold, gates, seed))
        .filter(|comparison| comparison.gates || comparison.baseline.is_some() || comparison.candidate.is_some())
        .collect();
    ComparisonReport { comparisons, warnings: warnings(baseline, candidate) }
}

fn one(baseline: &[Recording], candidate: &[Recording], threshold: &Threshold, gates: bool, seed: u64) -> Comparison {
    let Figure { statistic, measure } = threshold.figure;
    let samples = |side: &[Recording]| side.iter().map(|run| measure.samples(run)).collect::<Vec<_>>();
    let (in_baseline, in_candidate) = (samples(baseline), samples(candidate));
    let value = |side: &[Vec<f64>]| statistic.of(&mut side.concat());
    let (before, after) = (value(&in_baseline), value(&in_candidate));
    let difference = bootstrap(&in_baseline, &in_candidate, statistic, seed);
    let matters = match threshold.limit {
        Limit::Relative(share) => before.map(|before| before.abs() * share),
        Limit::Absolute(amount) => Some(amount),
    };
    let change = match (difference, matters) {
        (Some(difference), Some(matters)) => judge(difference, matters, measure.more_is_better()),
        _ => Change::Undecided,
    };
    Comparison {
        threshold: threshold.to_string(),
        figure: threshold.figure.to_string(),
        baseline: before,
        candidate: after,
        relative: before.zip(after).filter(|(before, _)| *before != 0.0).map(|(before, after)| after / before - 1.0),
        difference,
        matters,
        change,
        gates,
        is_latency: measure.is_latency(),
    }
}

fn judge(difference: Interval, matters: f64, more_is_better: bool) -> Change {
    let (worst, best) =
        if more_is_better { (-difference.low, -difference.high) } else { (difference.high, difference.low) };
    // `best` to `worst` is the interval of the change for the worse
    if matters < best {
        Change::Regressed
    } else if worst < -matters {
        Change::Improved
    } else if -matters <= best && worst <= matters {
        Change::Unchanged
    } else {
        Change::Undecided
    }
}

fn warnings(baseline: &[Recording], candidate: &[Recording]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, side) in [("baseline", baseline), ("candidate", candidate)] {
        if side.len() < ENOUGH_RUNS {
            warnings.push(format!(
                "the {name} has {} run(s): requests of one run share their luck, so that intervals are too narrow; repeat \
                 the run and give a folder with {ENOUGH_RUNS} or more logs",
                side.len()
            ));
        }
        let partial = side.iter().filter(|run| run.completion != crate::report::Completion::Complete).count();
        if 0 < partial {
            warnings.push(format!("{partial} run(s) of the {name} did not run to their end"));
        }
    }
    let plans = |side: &[Recording]| side.iter().map(plan).collect::<Vec<_>>();
    let (of_baseline, of_candidate) = (plans(baseline), plans(candidate));
    if let (Some(before), Some(after)) = (of_baseline.first(), of_candidate.first()) {
        for (key, value) in before {
            let other = after.get(key).unwrap_or(&Value::Null);
            if other != value && !["url", "model"].contains(&key.as_str()) {
                warnings
                    .push(format!("the loads differ: {key} is {value} in the baseline and {other} in the candidate"));
            }
        }
    }
    for (name, plans) in [("baseline", &of_baseline), ("candidate", &of_candidate)] {
        if plans.iter().any(|plan| Some(plan) != plans.first()) {
            warnings.push(format!("the runs of the {name} are not of one load"));
        }
    }
    warnings
}

fn plan(run: &Recording) -> BTreeMap<String, Value> {
    match serde_json::to_value(&run.plan) {
        Ok(Value::Object(plan)) => plan.into_iter().filter(|(key, _)| key != "url").collect(),
        _ => BTreeMap::new(),
    }
}
