//! The same load on every offer: which is cheapest, which is fastest, and which of that is sure.

use rehearsal::forecast::Band;
use serde_json::{Value, json};

/// One level of load, on every offer.
#[derive(Debug)]
pub(super) struct Choice {
    /// The level, such as a number of users.
    pub(super) level: f64,
    /// In the order of the offers.
    pub(super) options: Vec<Choosable>,
}

/// What an offer does for this load.
#[derive(Clone, Debug)]
pub(super) struct Choosable {
    /// Output tokens a second of all its engines.
    pub(super) output_tps: Band,
    /// Milliseconds a token, by the model that is believed most.
    pub(super) tpot_ms: Option<f64>,
    /// Milliseconds to the first token, by the same.
    pub(super) ttft_ms: Option<f64>,
    /// What is faster has more of: tokens a second of users who wait, requests in a second of others.
    pub(super) pace: Band,
    /// A million output tokens.
    pub(super) cost: Option<Band>,
}

impl Choice {
    /// The offer that is better even if its model errs against it and the others' in their favour; `None` when that is open.
    fn surely(
        &self,
        figure: impl Fn(&Choosable) -> Option<Band>,
        better: impl Fn(Band, Band) -> bool,
    ) -> Option<usize> {
        let bands: Vec<Option<Band>> = self.options.iter().map(figure).collect();
        (0..bands.len()).filter(|_| 1 < bands.len()).find(|index| {
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
        self.surely(|option| Some(option.pace), |own, other| other.high < own.low)
    }

    /// The cheapest by the models that are believed most; `None` where two are alike.
    fn likely_cheapest(&self) -> Option<usize> {
        self.surely(|option| option.cost, |own, other| own.likely < other.likely * (1.0 - 1e-9))
    }

    pub(super) fn json(&self, unit: &str, titles: &[String]) -> Value {
        let title = |index: usize| &titles[index];
        let options = self.options.iter().zip(titles).map(|(option, title)| {
            json!({
                "offer": title, "output_tps": option.output_tps, "tpot_mean_ms": option.tpot_ms,
                "ttft_mean_ms": option.ttft_ms, "per_million_output_tokens": option.cost,
            })
        });
        json!({
            unit: self.level, "options": options.collect::<Vec<Value>>(),
            "surely_cheapest": self.cheapest().map(title), "surely_fastest": self.fastest().map(title),
        })
    }
}

/// What to rent, in words, from the levels that were asked.
pub(super) fn recommendation(unit: &str, choices: &[Choice], titles: &[String]) -> Vec<String> {
    let levels_of = |pick: &dyn Fn(&Choice) -> bool| {
        let levels: Vec<String> =
            choices.iter().filter(|choice| pick(choice)).map(|choice| choice.level.to_string()).collect();
        levels.join(", ")
    };
    let mut lines = vec![format!("What to rent for a given load ({unit}):")];
    for (index, title) in titles.iter().enumerate() {
        let cheapest = levels_of(&|choice| choice.cheapest() == Some(index));
        if !cheapest.is_empty() {
            lines.push(format!("  cheapest by every model: {title} at {cheapest} {unit}"));
        }
        let fastest = levels_of(&|choice| choice.fastest() == Some(index));
        if !fastest.is_empty() {
            lines.push(format!("  fastest by every model: {title} at {fastest} {unit}"));
        }
    }
    for (index, title) in titles.iter().enumerate() {
        let open = levels_of(&|choice| choice.cheapest().is_none() && choice.likely_cheapest() == Some(index));
        if !open.is_empty() {
            lines.push(format!(
                "  likely the cheapest, but not by every model: {title} at {open} {unit}; measure there before deciding"
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(costs: [[f64; 3]; 2]) -> Choice {
        let options = costs.map(|[likely, low, high]| Choosable {
            output_tps: Band::of(1.0, []),
            tpot_ms: None,
            ttft_ms: None,
            pace: Band::of(1.0, []),
            cost: Some(Band { likely, low, high }),
        });
        Choice { level: 4.0, options: options.to_vec() }
    }

    #[test]
    fn only_what_every_model_says_is_sure() {
        assert_eq!(choice([[2.0, 1.0, 3.0], [5.0, 4.0, 6.0]]).cheapest(), Some(0));
        assert_eq!(choice([[2.0, 1.0, 4.5], [5.0, 4.0, 6.0]]).cheapest(), None);
        let titles = ["one".to_owned(), "two".to_owned()];
        let said = recommendation("users", &[choice([[5.0, 4.0, 6.0], [4.5, 3.0, 6.0]])], &titles);
        assert_eq!(
            said[1],
            "  likely the cheapest, but not by every model: two at 4 users; measure there before deciding"
        );
    }
}
