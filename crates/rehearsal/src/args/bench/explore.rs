//! Objectives, and runs at several levels of load.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use rehearsal::load::search::Slo;

/// What to find out beyond a single run.
#[derive(Args, Debug)]
#[command(next_help_heading = "Objectives, sweeps, search")]
pub(crate) struct ExploreFlags {
    /// Objectives such as ttft:p95<500ms,tpot:p99<60ms, over all requests sent: failed ones are infinitely late. A run
    /// that misses one ends with exit code 5
    #[arg(long, value_name = "SLO", value_delimiter = ',')]
    pub(crate) slo: Vec<Slo>,

    /// One run at each of these levels, such as concurrency=1,2,4,8 or rate=0.5,1,2
    #[arg(long, value_name = "VARIABLE=LEVELS", conflicts_with_all = ["search", "out", "jsonl"])]
    pub(crate) sweep: Option<Sweep>,

    /// Find the highest load that meets every --slo: double it until one is missed, then halve the distance
    #[arg(long, value_enum, value_name = "VARIABLE", requires = "slo", conflicts_with_all = ["out", "jsonl"])]
    pub(crate) search: Option<Variable>,

    /// The highest level that --search tries
    #[arg(long, value_name = "LEVEL", default_value_t = 4096.0, requires = "search")]
    pub(crate) search_max: f64,

    /// How close --search=rate brackets the answer, as a share of it
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, requires = "search")]
    pub(crate) search_tolerance: f64,

    /// Runs at each level of --search, with different seeds; when they disagree, the answer is unresolved
    #[arg(long, value_name = "N", default_value_t = 1, requires = "search")]
    pub(crate) search_repeats: u32,
}

/// What differs between the runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variable {
    /// --concurrency
    Concurrency,
    /// --request-rate
    Rate,
}

/// The levels of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sweep {
    pub(crate) variable: Variable,
    pub(crate) levels: Vec<f64>,
}

impl FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no sweep; write concurrency=1,2,4,8 or rate=0.5,1,2");
        let (variable, levels) = text.split_once('=').ok_or_else(wrong)?;
        let variable = Variable::from_str(variable, false).map_err(|_| wrong())?;
        let levels: Vec<f64> =
            levels.split(',').map(|level| level.trim().parse()).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let usable = |level: &f64| match variable {
            Variable::Concurrency => (1.0..=1e6).contains(level) && level.fract() == 0.0,
            Variable::Rate => level.is_finite() && 0.0 < *level,
        };
        if levels.iter().all(usable) { Ok(Self { variable, levels }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_a_variable_and_its_levels() {
        let sweep = Sweep { variable: Variable::Concurrency, levels: vec![1.0, 2.0, 16.0] };
        assert_eq!("concurrency=1,2,16".parse(), Ok(sweep));
        assert_eq!("rate=0.5".parse(), Ok(Sweep { variable: Variable::Rate, levels: vec![0.5] }));
        for wrong in ["concurrency", "concurrency=", "concurrency=0", "concurrency=1.5", "rate=-1", "rate=nan", "n=1"] {
            assert!(wrong.parse::<Sweep>().unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
