use std::num::NonZeroUsize;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal forecast                     the report's table: published, rehearsed, error
  rehearsal forecast --format json       the same as one JSON document
  rehearsal forecast --profile report-tp2

  # one GPU, two, or two replicas: 1 to 64 requests at a time, how sure that is, and what it costs
  rehearsal forecast --sweep
  rehearsal forecast --sweep --concurrency 4,16,48 --price NC288ds_xl=9.90@2026-11-20
";

/// Arguments of `rehearsal forecast`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ForecastArgs {
    /// Rehearse only this configuration of the report: report-tp1 or report-tp2 (both by default)
    #[arg(long, value_name = "NAME", conflicts_with = "sweep")]
    pub(crate) profile: Vec<String>,

    /// Add rising concurrency on one GPU and on two, with what the measurement leaves open, and the cost of a million tokens
    #[arg(long)]
    pub(crate) sweep: bool,

    /// Requests at a time in the sweep
    #[arg(long, short = 'c', value_name = "N,…", value_delimiter = ',', default_value = "1,2,4,8,16,32,64")]
    #[arg(requires = "sweep")]
    pub(crate) concurrency: Vec<NonZeroUsize>,

    /// Your own price of an Azure size an hour, and since when it holds [default date: today]; may be repeated
    #[arg(long, value_name = "SIZE=AMOUNT[@DATE]", requires = "sweep", value_parser = parse_price)]
    pub(crate) price: Vec<OwnPrice>,

    /// The currency of your own prices; the published ones are in US dollars and are left out in any other
    #[arg(long, value_name = "CODE", default_value = "USD", requires = "sweep")]
    pub(crate) currency: String,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// A price that the user knows better.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnPrice {
    pub(crate) size: String,
    pub(crate) per_hour: f64,
    pub(crate) as_of: Option<String>,
}

fn parse_price(text: &str) -> Result<OwnPrice, String> {
    let wrong = || format!("`{text}` is no price; write a size, `=` and an amount an hour, such as NC288ds_xl=9.90");
    let (size, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (amount, as_of) = match rest.split_once('@') {
        Some((amount, date)) => (amount, Some(date.to_owned())),
        None => (rest, None),
    };
    Ok(OwnPrice { size: size.to_owned(), per_hour: amount.parse().map_err(|_| wrong())?, as_of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_a_size_an_amount_and_perhaps_a_date() {
        let price = parse_price("NC288ds_xl=9.9@2026-11-20").unwrap();
        let expect = OwnPrice { size: "NC288ds_xl".into(), per_hour: 9.9, as_of: Some("2026-11-20".into()) };
        assert_eq!(price, expect);
        assert_eq!(parse_price("a=1").unwrap().as_of, None);
        for wrong in ["9.90", "NC288ds_xl=cheap", "NC288ds_xl="] {
            assert!(parse_price(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
