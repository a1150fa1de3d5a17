//! What the report's model could be rented on, and what a million tokens then cost.

use anyhow::Context;
use rehearsal::forecast::{Band, Price, PriceError, PriceList, Size, Sweep};
use serde_json::{Value, json};

use crate::{args::ForecastArgs, exit::Expected};

/// The size the report measured on.
const REPORT_SIZE: &str = "Standard_NC256ds_xl_RTXPRO6000BSE_v6";

/// An arrangement of engines on a rented machine.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) tensor_parallel: u32,
    /// Engines side by side, each with its own requests.
    pub(super) replicas: u32,
    pub(super) size: Size,
    /// `None` when nobody says one in the currency asked for.
    pub(super) price: Option<Price>,
}

/// All of them, and what is to be said about the report's own machine.
#[derive(Debug)]
pub(super) struct Offers {
    pub(super) offers: Vec<Offer>,
    pub(super) withdrawal: Option<String>,
}

impl Offers {
    /// One GPU, two that share the model, two that share the requests.
    pub(super) fn of(args: &ForecastArgs) -> anyhow::Result<Self> {
        let prices = price_list(args).map_err(Expected::usage)?;
        let offer = |tensor_parallel, replicas, size| {
            let size = prices.size(size).context("the report's sizes are in the list")?.clone();
            let price = prices.price(&size).cloned();
            Ok(Offer { tensor_parallel, replicas, size, price })
        };
        let offers = [(1, 1, "NC144ds_xl"), (2, 1, "NC288ds_xl"), (1, 2, "NC288ds_xl")]
            .into_iter()
            .map(|(tensor_parallel, replicas, size)| offer(tensor_parallel, replicas, size))
            .collect::<anyhow::Result<Vec<Offer>>>()?;
        let withdrawal = prices.size(REPORT_SIZE).ok().and_then(Size::withdrawal);
        Ok(Self { offers, withdrawal })
    }
}

/// Azure's prices, and the user's own.
pub(super) fn price_list(args: &ForecastArgs) -> Result<PriceList, PriceError> {
    let today = || jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
    args.price.iter().try_fold(PriceList::azure().currency(&args.currency), |list, own| {
        list.with_price(&own.size, own.per_hour, &own.as_of.clone().unwrap_or_else(today))
    })
}

impl Offer {
    /// What it is, for a table's head.
    pub(super) fn title(&self) -> String {
        let engine = format!("TP={}", self.tensor_parallel);
        let engines = if self.replicas == 1 { engine } else { format!("{} x {engine}", self.replicas) };
        format!("{engines}, {}", self.size.short_name())
    }

    /// The cost of a million output tokens when each engine delivers this many a second.
    pub(super) fn per_million(&self, output_tps: f64) -> Option<f64> {
        self.price.as_ref()?.per_million(output_tps * f64::from(self.replicas))
    }

    /// The same for a band.
    pub(super) fn band_per_million(&self, output_tps: Band) -> Option<Band> {
        self.price.as_ref()?;
        Some(output_tps.map(|throughput| self.per_million(throughput).unwrap_or(f64::INFINITY)))
    }

    /// The sweep of its engines.
    pub(super) fn sweep<'a>(&self, sweeps: &'a [Sweep]) -> Option<&'a Sweep> {
        sweeps.iter().find(|sweep| sweep.tensor_parallel == self.tensor_parallel)
    }

    pub(super) fn json(&self, sweeps: &[Sweep], published_tps: Option<f64>) -> Value {
        let points = self.sweep(sweeps).map_or(&[][..], |sweep| &sweep.points);
        let costs: Vec<Value> = points
            .iter()
            .map(|point| {
                json!({
                    "concurrency_per_engine": point.concurrency,
                    "per_million_output_tokens": self.band_per_million(point.output_tps),
                })
            })
            .collect();
        json!({
            "tensor_parallel": self.tensor_parallel, "replicas": self.replicas, "size": self.size.name,
            "price": self.price, "costs": costs,
            "published_per_million_output_tokens": published_tps.and_then(|tps| self.per_million(tps)),
        })
    }
}
