//! `forecast --sweep`: the report's machine at rising concurrency, with what the report leaves open.

use std::num::NonZeroUsize;

use anyhow::Context;
use rehearsal::{
    fake::profile::Profile,
    forecast::{Deployment, Ensemble, Level, Load, LoadFigures, Sweep, Traffic},
};
use serde_json::{Value, json};

use super::{
    break_even,
    choice::{Choice, Choosable},
    comparison::Comparison,
    offers::{Offer, Offers},
};
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
    /// Where the cheaper of two offers on one machine is no longer the cheaper, in words.
    pub(super) break_even: Vec<String>,
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
                Ok(Sweep::of(load, &builtin(likely)?, &[builtin(other)?], &args.load.concurrency)?)
            })
            .collect::<anyhow::Result<Vec<Sweep>>>()?;
        let published = comparisons.iter().map(Published::of).collect::<anyhow::Result<Vec<Published>>>()?;
        let choices = choices(&offers.offers, &sweeps);
        let break_even = even(args, &offers.offers)?;
        Ok(Self { sweeps, offers, choices, break_even, published })
    }

    pub(super) fn titles(&self) -> Vec<String> {
        self.offers.offers.iter().map(Offer::title).collect()
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
            "choices": self.choices.iter().map(|choice| choice.json("users", &self.titles())).collect::<Vec<Value>>(),
            "break_even": self.break_even,
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

/// All numbers of users for which every engine's load was swept.
fn choices(offers: &[Offer], sweeps: &[Sweep]) -> Vec<Choice> {
    let Some(first) = sweeps.first() else { return Vec::new() };
    let users = first.points.iter().map(|point| point.concurrency.get());
    users
        .filter_map(|users| {
            let options = offers.iter().map(|offer| choosable(offer, sweeps, users)).collect::<Option<Vec<_>>>()?;
            Some(Choice { level: users as f64, options })
        })
        .collect()
}

fn choosable(offer: &Offer, sweeps: &[Sweep], users: usize) -> Option<Choosable> {
    let replicas = offer.replicas as usize;
    if !users.is_multiple_of(replicas) {
        return None;
    }
    let points = &offer.sweep(sweeps)?.points;
    let point = points.iter().find(|point| point.concurrency.get() == users / replicas)?;
    let likely: &LoadFigures = point.figures.first()?;
    let output_tps = point.output_tps.map(|throughput| throughput * f64::from(offer.replicas));
    Some(Choosable {
        output_tps,
        tpot_ms: likely.tpot_mean_s.map(|seconds| seconds * 1e3),
        ttft_ms: likely.ttft_mean_s.map(|seconds| seconds * 1e3),
        pace: output_tps,
        cost: offer.band_per_million(point.output_tps),
    })
}

/// The break-even of offers on the same machine, at the report's load.
fn even(args: &ForecastArgs, offers: &[Offer]) -> anyhow::Result<Vec<String>> {
    let client = builtin(SCENARIOS[0][2])?.client;
    let traffic = Traffic::Load(Load::of_the_report(client, NonZeroUsize::MIN));
    let deployments = offers.iter().map(|offer| {
        let [likely, ..] = SCENARIOS[usize::from(offer.tensor_parallel == 2)];
        let engine = Ensemble::of_profile(&builtin(likely)?)?;
        Ok(Deployment {
            title: offer.title(),
            tensor_parallel: offer.tensor_parallel,
            pipeline_parallel: 1,
            replicas: NonZeroUsize::new(offer.replicas as usize).context("an offer has an engine")?,
            engine,
            price: offer.price.clone(),
        })
    });
    let deployments: Vec<Deployment> = deployments.collect::<anyhow::Result<_>>()?;
    let levels: Vec<Level> = args.load.concurrency.iter().map(|users| Level::Users(*users)).collect();
    let pairs = (0..offers.len()).flat_map(|one| (one + 1..offers.len()).map(move |other| (one, other)));
    let same_machine = pairs.filter(|(one, other)| offers[*one].size.name == offers[*other].size.name);
    let mut lines = Vec::new();
    for (one, other) in same_machine {
        lines.extend(break_even::line(&deployments[one], &deployments[other], &traffic, &levels, "users")?);
    }
    Ok(lines)
}
