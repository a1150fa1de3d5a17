//! What an hour costs, since when, and who says so.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Tokens of which a price is told.
const MILLION: f64 = 1e6;
/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// A price per hour: a snapshot, never without its date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The amount.
    pub per_hour: f64,
    /// Its currency.
    #[serde(default = "us_dollar")]
    pub currency: String,
    /// Where it is paid; `None` where the source does not say.
    pub region: Option<String>,
    /// When it was read, as exactly as the source says.
    pub as_of: String,
    /// Where it was read.
    pub source: String,
    /// What else is to be known.
    pub note: Option<String>,
}

fn us_dollar() -> String {
    "USD".to_owned()
}

impl Price {
    /// What a million tokens cost at this many tokens a second: price ÷ (tokens/s · 3600) · 10⁶. Undefined at no tokens a second.
    ///
    /// ```
    /// use rehearsal::forecast::PriceList;
    ///
    /// let azure = PriceList::azure();
    /// let price = azure.price(azure.size("NC288ds_xl")?).expect("it has one");
    /// assert_eq!(format!("{:.2}", price.per_million(348.0).unwrap()), "8.78");
    /// # Ok::<(), rehearsal::forecast::UnknownSize>(())
    /// ```
    #[must_use]
    pub fn per_million(&self, tokens_per_second: f64) -> Option<f64> {
        (0.0 < tokens_per_second).then(|| self.per_hour / (tokens_per_second * HOUR) * MILLION)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} {}/h", self.per_hour, self.currency)?;
        if let Some(region) = &self.region {
            write!(f, ", {region}")?;
        }
        write!(f, ", {} ({})", self.as_of, self.source)?;
        match &self.note {
            Some(note) => write!(f, "; {note}"),
            None => Ok(()),
        }
    }
}
