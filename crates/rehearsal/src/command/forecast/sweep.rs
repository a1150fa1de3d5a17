//! `forecast --sweep`: the report's machine at rising concurrency, with what the report leaves open.

use anyhow::Context;
use rehearsal::{
    fake::profile::Profile,
    forecast::{Load, Sweep},
};
use serde_json::{Value, json};

use super::{choice::Choice, comparison::Comparison, offers::Offers};
use crate::args::ForecastArgs;

/// For each number of GPUs, the profile that is believed most (scenario B, kernel table), the alternative (scenario A, roofline), and the
/// report's own, which knows the client.
const SCENARIOS: [[&str; 3]; 2] = [
    ["rtxpro6000-72b-fp8-tp1", "rtxpro6000-72b-fp8-roofline-tp1", "report-tp1"],
    ["rtxpro6000-72b-fp8-tp2", "rtxpro6000-72b-fp8-roofline-tp2", "report-tp2"],
];

/// The sweep, its costs, and the published throughput to hold them against.
#[derive(Debug)]
pub(super) struct Outlook {
    pub(super) sweeps: Vec<Sweep>,
    pub(super) offers: Offers,
    /// The same users on each offer.
    pub(super) choices: Vec<Choice>,
    /// Concurrency and output tokens a second of the report's two results.
    pub(super) published: Vec<Published>,
}

/// What the report measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    pub(super) tensor_parallel: u32,
    pub(super) concurrency: usize,
    pub(super) output_tps: f64,
}

impl Outlook {
    pub(super) fn of(args: &ForecastArgs, comparisons: &[Comparison]) -> anyhow::Result<Self> {
        let offers = Offers::of(args)?;
        let sweeps = SCENARIOS
            .into_iter()
            .map(|[likely, other, client]| {
                let client = builtin(client)?.client;
                let load = |concurrency| Load::of_the_report(client, concurrency);
                Ok(Sweep::of(load, &builtin(likely)?, &[builtin(other)?], &args.concurrency)?)
            })
            .collect::<anyhow::Result<Vec<Sweep>>>()?;
        let published = comparisons.iter().map(Published::of).collect::<anyhow::Result<Vec<Published>>>()?;
        let choices = Choice::all(&offers.offers, &sweeps);
        Ok(Self { sweeps, offers, choices, published })
    }

    /// What the report measured on so many GPUs.
    pub(super) fn published(&self, tensor_parallel: u32) -> Option<Published> {
        self.published.iter().find(|published| published.tensor_parallel == tensor_parallel).copied()
    }

    pub(super) fn json(&self) -> Value {
        let offers = self.offers.offers.iter().map(|offer| {
            let published = self.published(offer.tensor_parallel).map(|published| published.output_tps);
            offer.json(&self.sweeps, published)
        });
        json!({
            "configurations": self.sweeps,
            "offers": offers.collect::<Vec<Value>>(),
            "choices": self.choices.iter().map(|choice| choice.json(&self.offers.offers)).collect::<Vec<Value>>(),
            "withdrawn_size": self.offers.withdrawal,
        })
    }
}

impl Published {
    fn of(comparison: &Comparison) -> anyhow::Result<Self> {
        let report = &comparison.published;
        let output_tps = report.derived.decode_tps.context("the published result has no throughput")?;
        let tensor_parallel = builtin(comparison.name)?.tensor_parallel;
        Ok(Self { tensor_parallel, concurrency: report.concurrency, output_tps })
    }
}

fn builtin(name: &str) -> anyhow::Result<Profile> {
    Profile::builtin(name).with_context(|| format!("profile {name}"))
}
