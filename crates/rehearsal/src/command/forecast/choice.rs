//! The same users on one GPU, on two that share the model, or on two that share the users: which, and why.

use rehearsal::forecast::{Band, LoadFigures, Sweep};
use serde_json::{Value, json};

use super::offers::Offer;

/// Why it comes out as it does, for this model and machine.
const REASON: [&str; 3] = [
    "  Reason: a second GPU makes each step of the same users shorter, but by less than what it costs more; two replicas halve the batch",
    "  and stream the weights twice. Replicas pay once there are twice as many users as one GPU serves well: the cost of a replica's tokens",
    "  above is for twice the users of the other columns.",
];

/// One number of users, on every offer.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) users: usize,
    /// In the order of the offers; `None` where the users cannot be shared out.
    pub(super) options: Vec<Option<Choosable>>,
}

/// What an offer does for these users.
#[derive(Clone, Debug)]
pub(super) struct Choosable {
    /// Output tokens a second of all its engines.
    pub(super) output_tps: Band,
    /// Mean milliseconds a token, by the model that is believed most.
    pub(super) tpot_ms: Option<f64>,
    /// Mean milliseconds to the first token, by the same.
    pub(super) ttft_ms: Option<f64>,
    /// A million output tokens.
    pub(super) cost: Option<Band>,
}

impl Choice {
    /// All numbers of users for which every engine's load was swept.
    pub(super) fn all(offers: &[Offer], sweeps: &[Sweep]) -> Vec<Self> {
        let Some(first) = sweeps.first() else { return Vec::new() };
        let users = first.points.iter().map(|point| point.concurrency.get());
        users
            .map(|users| Self { users, options: offers.iter().map(|offer| choosable(offer, sweeps, users)).collect() })
            .filter(|choice| choice.options.iter().all(Option::is_some))
            .collect()
    }

    /// The offer whose tokens are cheapest even if its model errs against it and the others' in their favour; `None` when that is open.
    fn surely(
        &self,
        figure: impl Fn(&Choosable) -> Option<Band>,
        better: impl Fn(Band, Band) -> bool,
    ) -> Option<usize> {
        let bands: Vec<Option<Band>> = self.options.iter().map(|option| figure(option.as_ref()?)).collect();
        (0..bands.len()).find(|index| {
            bands.iter().enumerate().all(|(other, band)| {
                other == *index || bands[*index].zip(*band).is_some_and(|(own, band)| better(own, band))
            })
        })
    }

    /// The cheapest offer, if all models agree.
    pub(super) fn cheapest(&self) -> Option<usize> {
        self.surely(|option| option.cost, |own, other| own.high < other.low)
    }

    /// The fastest offer, if all models agree.
    pub(super) fn fastest(&self) -> Option<usize> {
        self.surely(|option| Some(option.output_tps), |own, other| other.high < own.low)
    }

    pub(super) fn json(&self, offers: &[Offer]) -> Value {
        let title = |index: usize| offers[index].title();
        let options = self.options.iter().zip(offers).filter_map(|(option, offer)| {
            let option = option.as_ref()?;
            Some(json!({
                "offer": offer.title(), "output_tps": option.output_tps, "tpot_mean_ms": option.tpot_ms,
                "ttft_mean_ms": option.ttft_ms, "per_million_output_tokens": option.cost,
            }))
        });
        json!({
            "users": self.users, "options": options.collect::<Vec<Value>>(),
            "surely_cheapest": self.cheapest().map(title), "surely_fastest": self.fastest().map(title),
        })
    }
}

fn choosable(offer: &Offer, sweeps: &[Sweep], users: usize) -> Option<Choosable> {
    let replicas = offer.replicas as usize;
    if !users.is_multiple_of(replicas) {
        return None;
    }
    let points = &offer.sweep(sweeps)?.points;
    let point = points.iter().find(|point| point.concurrency.get() == users / replicas)?;
    let likely: &LoadFigures = point.figures.first()?;
    Some(Choosable {
        output_tps: point.output_tps.map(|throughput| throughput * f64::from(offer.replicas)),
        tpot_ms: likely.tpot_mean_s.map(|seconds| seconds * 1e3),
        ttft_ms: likely.ttft_mean_s.map(|seconds| seconds * 1e3),
        cost: offer.band_per_million(point.output_tps),
    })
}

/// What to rent, in words, from the numbers of users that were asked.
pub(super) fn recommendation(choices: &[Choice], offers: &[Offer]) -> String {
    let users_of = |pick: &dyn Fn(&Choice) -> bool| {
        let users: Vec<String> =
            choices.iter().filter(|choice| pick(choice)).map(|choice| choice.users.to_string()).collect();
        users.join(", ")
    };
    let mut lines = vec!["What to rent for a given number of users at once:".to_owned()];
    for (index, offer) in offers.iter().enumerate() {
        let cheapest = users_of(&|choice| choice.cheapest() == Some(index));
        if !cheapest.is_empty() {
            lines.push(format!("  cheapest by every model: {} at {cheapest} users", offer.title()));
        }
        let fastest = users_of(&|choice| choice.fastest() == Some(index));
        if !fastest.is_empty() {
            lines.push(format!("  fastest by every model: {} at {fastest} users", offer.title()));
        }
    }
    let open =
        users_of(&|choice| choice.cheapest().is_none() && choice.options.iter().flatten().any(|it| it.cost.is_some()));
    if !open.is_empty() {
        lines.push(format!("  the models do not agree on the cheapest at {open} users; measure there before deciding"));
    }
    lines.extend(REASON.map(str::to_owned));
    lines.join("\n")
}
