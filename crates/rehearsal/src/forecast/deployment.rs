//! Engines that share a load, and what an hour of them costs.

use std::num::NonZeroUsize;

use rehearsal_fake::engine::EngineConfig;
use serde::Serialize;

use super::{Band, Ensemble, ForecastError, Level, LoadFigures, Objectives, Outlook, Price, Traffic};

/// Highest level that a capacity is looked for at.
const HIGHEST: f64 = 8192.0;
/// Lowest rate or speed that a capacity is looked for at.
const LOWEST: f64 = 1.0 / 16.0;
/// Doublings of a load in a row that break the objectives before it is given up, as long as it is small.
const MISSES: usize = 5;
/// From this level kept on, the first miss ends the search: kernels that are slow for a few requests are behind it, and overload is slow to rehearse.
const SMALL: f64 = 16.0;
/// How close a capacity in requests a second is told, as a share.
const CLOSENESS: f64 = 0.02;

/// Engines side by side that share the requests.
///
/// Stages of a pipeline count as engines too: with `p` stages vLLM keeps `p` batches in flight, each in another stage, so that each batch
/// advances as an engine of its own would that had all stages to itself.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// What it is, in a few words.
    pub title: String,
    /// GPUs that each layer is split over.
    pub tensor_parallel: u32,
    /// Stages that the layers are split into.
    pub pipeline_parallel: u32,
    /// Copies of all that, each with its own requests.
    pub replicas: NonZeroUsize,
    /// One engine: a stage's batch of one replica.
    pub engine: Ensemble,
    /// Of all replicas together; `None` when nobody says one.
    pub price: Option<Price>,
}

/// What a million tokens cost while this load lasts. All the hour is paid by the tokens of that hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// When output tokens pay all.
    pub output_pays_all: Band,
    /// When prompt and output tokens pay alike.
    pub any_token: Band,
    /// When prompt tokens pay for the time by which they made steps longer; `None` where that is not known.
    pub prompt_token: Option<Band>,
    /// When output tokens pay for the rest.
    pub output_token: Option<Band>,
}

impl Deployment {
    /// Engines that the requests are shared by.
    #[must_use]
    pub fn engines(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.replicas.get() * self.pipeline_parallel.max(1) as usize).unwrap_or(self.replicas)
    }

    /// What the load would see.
    ///
    /// # Panics
    /// Never: a load has at least one user or one request, so some engine has a share of it.
    pub fn forecast(&self, traffic: &Traffic) -> Result<Outlook, ForecastError> {
        let engines = traffic
            .shared(self.engines())
            .into_iter()
            .map(|(count, share)| Ok((count, self.engine.forecast(&share)?)))
            .collect::<Result<Vec<(usize, Outlook)>, ForecastError>>()?;
        Ok(Outlook::joined(&engines).expect("some engine has a share of the load"))
    }

    /// What a million tokens cost; `None` without a price.
    #[must_use]
    pub fn bill(&self, outlook: &Outlook) -> Option<Bill> {
        let price = self.price.as_ref()?;
        let per_million = |tps: f64| price.per_million(tps).unwrap_or(f64::INFINITY);
        let Outlook { output_tps, prompt_ratio, prompt_share, .. } = *outlook;
        let shared = |share: f64, tokens: f64| output_tps.map(|tps| share * per_million(tps * tokens));
        Some(Bill {
            output_pays_all: shared(1.0, 1.0),
            any_token: shared(1.0, 1.0 + prompt_ratio),
            prompt_token: prompt_share.map(|share| shared(share, prompt_ratio)),
            output_token: prompt_share.map(|share| shared(1.0 - share, 1.0)),
        })
    }

    /// The highest level of this kind of load that keeps the objectives: by the likely model, and by those at either end of what may be.
    /// `None` in place of a figure when even the lowest level breaks them.
    pub fn capacity(&self, traffic: &Traffic, kind: Level, objectives: &Objectives) -> Result<Capacity, ForecastError> {
        let likely = self.highest(self.engine.likely(), traffic, kind, objectives)?;
        let reference = traffic.at(kind.with_amount(likely.unwrap_or(1.0)));
        let share = reference.shared(self.engines()).swap_remove(0).1;
        let [slow, fast] = self.engine.extremes(&share)?;
        let low = self.highest(&slow, traffic, kind, objectives)?;
        let high = self.highest(&fast, traffic, kind, objectives)?;
        Ok(Capacity { likely, low, high })
    }

    /// The level between these two from which on `other` has the cheaper output tokens, or no longer has them, by the likely models; `None`
    /// where the same one is cheaper at both, or a price is not known.
    pub fn break_even(
        &self,
        other: &Self,
        traffic: &Traffic,
        (from, to): (Level, Level),
    ) -> Result<Option<f64>, ForecastError> {
        let is_cheaper = |amount: f64| -> Result<Option<bool>, ForecastError> {
            let traffic = traffic.at(from.with_amount(amount));
            Ok(self.cost(&traffic)?.zip(other.cost(&traffic)?).map(|(own, other)| own < other))
        };
        let (mut low, mut high) = (from.amount(), to.amount());
        let (Some(at_low), Some(at_high)) = (is_cheaper(low)?, is_cheaper(high)?) else { return Ok(None) };
        if at_low == at_high {
            return Ok(None);
        }
        while !close(from, low, high) {
            let middle = from.with_amount(low.midpoint(high)).amount();
            if is_cheaper(middle)? == Some(at_low) { low = middle } else { high = middle }
        }
        Ok(Some(high))
    }

    /// A million output tokens by the likely model, when they pay all; `None` without a price.
    pub fn cost(&self, traffic: &Traffic) -> Result<Option<f64>, ForecastError> {
        let figures = self.figures(self.engine.likely(), traffic)?;
        let output_tps: f64 = figures.iter().map(|(count, figures)| *count as f64 * figures.output_tps).sum();
        Ok(self.price.as_ref().and_then(|price| price.per_million(output_tps)))
    }

    fn figures(&self, config: &EngineConfig, traffic: &Traffic) -> Result<Vec<(usize, LoadFigures)>, ForecastError> {
        let shares = traffic.shared(self.engines()).into_iter();
        shares.map(|(count, share)| Ok((count, share.rehearse(config.clone())?))).collect()
    }

    fn highest(
        &self,
        config: &EngineConfig,
        traffic: &Traffic,
        kind: Level,
        objectives: &Objectives,
    ) -> Result<Option<f64>, ForecastError> {
        let keeps = |amount: f64| -> Result<bool, ForecastError> {
            let traffic = traffic.at(kind.with_amount(amount));
            let figures = self.figures(config, &traffic)?;
            let output_tps: f64 = figures.iter().map(|(count, figures)| *count as f64 * figures.output_tps).sum();
            Ok(traffic.is_kept_up_with(output_tps) && figures.iter().all(|(_, figures)| objectives.are_met_by(figures)))
        };
        // not every engine is slower at more load: some kernels are slowest for a few requests, so a miss may be followed by a hit
        let (mut found, mut misses) = (None, 0);
        let mut amount = if matches!(kind, Level::Users(_)) { 1.0 } else { LOWEST };
        while amount <= HIGHEST && misses < MISSES {
            if keeps(amount)? {
                (found, misses) = (Some(amount), 0);
            } else if found.is_some_and(|kept| SMALL <= kept) {
                break;
            } else {
                misses += 1;
            }
            amount *= 2.0;
        }
        let Some(mut kept) = found else { return Ok(None) };
        let mut broken = 2.0 * kept;
        while !close(kind, kept, broken) {
            let middle = kind.with_amount(kept.midpoint(broken)).amount();
            if keeps(middle)? { kept = middle } else { broken = middle }
        }
        Ok(Some(kept))
    }
}

/// Whether nothing is worth asking between these two.
fn close(kind: Level, low: f64, high: f64) -> bool {
    match kind {
        Level::Users(_) => high - low < 1.5,
        Level::Rate(_) | Level::Speed(_) => high / low < 1.0 + CLOSENESS,
    }
}

/// The highest level that keeps the objectives; `None` where none does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Capacity {
    /// By the model that is believed most.
    pub likely: Option<f64>,
    /// By the slowest that may be.
    pub low: Option<f64>,
    /// By the fastest.
    pub high: Option<f64>,
}

#[cfg(test)]
mod tests {
    use rehearsal_fake::{engine::StepTime, profile::ClientExtras};

    use super::*;
    use crate::forecast::{Load, PriceList};

    /// Steps of 10 ms and 1 ms for each decoding request.
    fn deployment(replicas: usize) -> Deployment {
        let step = |fixed| {
            StepTime::Linear(rehearsal_fake::engine::Linear {
                fixed: rehearsal_fake::engine::FixedCost::Constant(fixed),
                decode_ms: 1.0,
                kv_token_ms: 0.0,
                prefill_token_ms: 0.0,
            })
        };
        let engine = |fixed| EngineConfig { max_num_seqs: 64, ..EngineConfig::new(step(fixed)) };
        let azure = PriceList::azure();
        Deployment {
            title: "test".to_owned(),
            tensor_parallel: 1,
            pipeline_parallel: 1,
            replicas: NonZeroUsize::new(replicas).unwrap(),
            engine: Ensemble::of_alternatives(engine(10.0), vec![engine(20.0)]),
            price: azure.price(azure.size("NC144ds_xl").unwrap()).cloned(),
        }
    }

    fn load() -> Traffic {
        Traffic::Load(Load::of_the_report(ClientExtras::default(), NonZeroUsize::MIN))
    }

    fn users(users: usize) -> Level {
        Level::Users(NonZeroUsize::new(users).unwrap())
    }

    /// By hand: with n requests a step is 10 + n ms, or 20 + n: 40 ms a token are kept up to 30, or 20; two engines serve twice as many.
    #[test]
    fn users_within_an_objective_by_hand() {
        let objectives = Objectives { ttft_ms: None, tpot_ms: Some(40.0) };
        let capacity = deployment(1).capacity(&load(), users(1), &objectives).unwrap();
        assert_eq!(capacity, Capacity { likely: Some(30.0), low: Some(20.0), high: Some(30.0) });
        let two = deployment(2).capacity(&load(), users(1), &objectives).unwrap();
        assert_eq!((two.likely, two.low), (Some(60.0), Some(40.0)));
        let never = Objectives { ttft_ms: None, tpot_ms: Some(5.0) };
        assert_eq!(deployment(1).capacity(&load(), users(1), &never).unwrap().likely, None);
    }

    /// A queue that grows breaks any objective for the first token, so the rate stays below what the engine answers at its largest batch.
    #[test]
    fn a_rate_within_an_objective_is_one_the_engine_keeps_up_with() {
        let objectives = Objectives { ttft_ms: Some(500.0), tpot_ms: None };
        let capacity = deployment(1).capacity(&load(), Level::Rate(1.0), &objectives).unwrap();
        // by hand: 64 at a time in steps of 74 ms are 865 tokens a second, 3.4 requests of 256
        let likely = capacity.likely.unwrap();
        assert!(2.0 < likely && likely < 3.4, "{capacity:?}");
        assert!(capacity.low.unwrap() <= likely && likely <= capacity.high.unwrap(), "{capacity:?}");
    }

    /// By hand: one user gets 1000 / 11 tokens a second; the hour's 6.38 USD buy 0.32727 million of them. Prompts of 89 tokens to 256 are paid alike.
    #[test]
    fn a_bill_by_hand() {
        let deployment = deployment(1);
        let outlook = deployment.forecast(&load()).unwrap();
        let bill = deployment.bill(&outlook).unwrap();
        let million = 1000.0 / 11.0 * 3600.0 / 1e6;
        assert!((bill.output_pays_all.likely * million / 6.38 - 1.0).abs() < 1e-3, "{bill:?}");
        assert!((bill.any_token.likely * (1.0 + 89.0 / 256.0) / bill.output_pays_all.likely - 1.0).abs() < 1e-9);
        let (prompt, output) = (bill.prompt_token.unwrap().likely, bill.output_token.unwrap().likely);
        // what both pay for the tokens of a request is what the request costs
        assert!(((prompt * 89.0 + output * 256.0) / (bill.output_pays_all.likely * 256.0) - 1.0).abs() < 1e-9);
    }

    /// By hand: two engines cost as much as one here, and always give more: at 2 users 11 ms a step on each, not 12.
    #[test]
    fn where_one_is_always_cheaper_nothing_breaks_even() {
        let span = (users(2), users(64));
        assert_eq!(deployment(1).break_even(&deployment(2), &load(), span).unwrap(), None);
        // at 1.09 times the price: 12 / 11 = 1.0909 at 2 users is just worth it, 13 / 12 at 4... and from then on ever more
        let mut dear = deployment(2);
        dear.price.as_mut().unwrap().per_hour *= 1.2;
        // n users: (10 + n) / (10 + n / 2) = 1.2 at n = 5
        let even = deployment(1).break_even(&dear, &load(), span).unwrap().unwrap();
        assert!((5.0..=6.0).contains(&even), "{even}");
    }
}
