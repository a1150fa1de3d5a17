//! All sizes and their prices, with what the user knows better.

use serde::Deserialize;
use thiserror::Error;

use super::{Price, Size, UnknownSize};

const AZURE: &str = include_str!("../../data/azure_sizes.toml");

/// Sizes with prices in one currency.
#[derive(Clone, Debug)]
pub struct PriceList {
    sizes: Vec<Size>,
    currency: String,
    own: Vec<(String, Price)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SizesFile {
    size: Vec<Size>,
}

/// Why a price cannot be used.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PriceError {
    /// Of what?
    #[error(transparent)]
    UnknownSize(#[from] UnknownSize),
    /// No price at all.
    #[error("the price of `{size}` must be a finite number > 0, got {got}")]
    NotPositive {
        /// The size.
        size: String,
        /// As given.
        got: f64,
    },
}

impl PriceList {
    /// Azure's sizes at published prices, in US dollars.
    ///
    /// # Panics
    /// Never: the file is part of the program and a test reads it.
    #[must_use]
    pub fn azure() -> Self {
        let file: SizesFile = toml::from_str(AZURE).expect("a test reads the file");
        Self { sizes: file.size, currency: "USD".to_owned(), own: Vec::new() }
    }

    /// Counts in another currency: published prices in any other are then left out.
    #[must_use]
    pub fn currency(mut self, currency: impl Into<String>) -> Self {
        self.currency = currency.into();
        self
    }

    /// Replaces the price of a size by the caller's own, in this list's currency, known since `as_of`.
    pub fn with_price(mut self, size: &str, per_hour: f64, as_of: &str) -> Result<Self, PriceError> {
        let name = self.size(size)?.name.clone();
        if !(per_hour.is_finite() && 0.0 < per_hour) {
            return Err(PriceError::NotPositive { size: size.to_owned(), got: per_hour });
        }
        let price = Price {
            per_hour,
            currency: self.currency.clone(),
            region: None,
            as_of: as_of.to_owned(),
            source: "given by the user".to_owned(),
            note: None,
        };
        self.own.push((name, price));
        Ok(self)
    }

    /// Every size, in the file's order.
    #[must_use]
    pub fn sizes(&self) -> &[Size] {
        &self.sizes
    }

    /// The size of this name, whole or short.
    pub fn size(&self, name: &str) -> Result<&Size, UnknownSize> {
        self.sizes.iter().find(|size| size.is_called(name)).ok_or_else(|| UnknownSize::new(name, &self.sizes))
    }

    /// What `size` costs: the caller's own price, else the first published one in this currency.
    #[must_use]
    pub fn price<'a>(&'a self, size: &'a Size) -> Option<&'a Price> {
        let own = self.own.iter().rev().find(|(name, _)| *name == size.name).map(|(_, price)| price);
        own.or_else(|| size.prices.iter().find(|price| price.currency == self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_there_and_every_successor_can_be_rented() {
        let azure = PriceList::azure();
        assert_eq!(azure.sizes().len(), 29);
        let withdrawn: Vec<&Size> = azure.sizes().iter().filter(|size| size.successor.is_some()).collect();
        assert_eq!(withdrawn.len(), 3);
        for size in withdrawn {
            let successor = azure.size(size.successor.as_ref().unwrap()).unwrap();
            assert!(azure.price(successor).is_some() && size.prices.is_empty(), "{}", size.name);
        }
        for size in azure.sizes() {
            for name in [&size.name, size.short_name()] {
                assert_eq!(azure.size(name).unwrap(), size);
            }
            assert!(size.prices.iter().all(|price| 0.0 < price.per_hour && price.as_of.starts_with("20")));
        }
    }

    /// By hand: 98.32 / (1000 · 0.0036).
    #[test]
    fn a_million_tokens_cost_what_the_hour_costs_by_the_tokens_in_it() {
        let azure = PriceList::azure();
        let price = azure.price(azure.size("ND96isr_H100_v5").unwrap()).unwrap();
        assert_eq!(format!("{:.3}", price.per_million(1000.0).unwrap()), "27.311");
        assert_eq!(price.per_million(0.0), None);
    }

    #[test]
    fn the_users_price_wins_and_another_currency_leaves_the_published_ones_out() {
        let euros = PriceList::azure().currency("EUR").with_price("nc144ds_xl", 5.9, "2026-11-24").unwrap();
        let price = euros.price(euros.size("NC144ds_xl").unwrap()).unwrap();
        assert_eq!(price.to_string(), "5.90 EUR/h, 2026-11-24 (given by the user)");
        assert_eq!(euros.price(euros.size("NC288ds_xl").unwrap()), None);
    }

    /// By hand from the table of hardware; T4, GB200 and GB300 are not in it.
    #[test]
    fn sizes_know_their_gpus_and_parts_of_them() {
        let azure = PriceList::azure();
        let memory = |name: &str| azure.size(name).unwrap().described_gpu().map(|gpu| gpu.memory_gib);
        assert_eq!(memory("ND96asr_v4"), Ok(39.4));
        assert_eq!(memory("ND96amsr_A100_v4"), Ok(79.2));
        assert_eq!(memory("NC36lds_xl"), Ok(95.0 / 4.0));
        assert!(memory("NC4as_T4_v3").unwrap_err().to_string().starts_with("no GPU `T4` is known; there are H100 SXM"));
        let unknown = azure.sizes().iter().filter(|size| size.described_gpu().is_err());
        assert!(
            unknown.clone().all(|size| ["T4", "GB200", "GB300"].contains(&size.gpu.as_str())),
            "{:?}",
            unknown.map(|it| &it.gpu).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_unknown_size_and_no_price_are_refused() {
        let unknown = PriceList::azure().with_price("NC289ds_xl", 1.0, "2026").unwrap_err().to_string();
        assert!(unknown.starts_with("no Azure size `NC289ds_xl` is known; did you mean `NC288ds_xl`?"), "{unknown}");
        let free = PriceList::azure().with_price("NC288ds_xl", 0.0, "2026").unwrap_err().to_string();
        assert_eq!(free, "the price of `NC288ds_xl` must be a finite number > 0, got 0");
    }
}
