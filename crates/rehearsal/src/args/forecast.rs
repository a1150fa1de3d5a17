use std::num::{NonZeroU32, NonZeroUsize};

use clap::Args;

use super::{Format, setup::SetupFlags};

const EXAMPLES: &str = "\
Examples:
  rehearsal forecast                     the report's table: published, rehearsed, error
  rehearsal forecast --format json       the same as one JSON document
  rehearsal forecast --profile report-tp2

  # one GPU, two, or two replicas: 1 to 64 requests at a time, how sure that is, and what it costs
  rehearsal forecast --sweep
  rehearsal forecast --sweep --concurrency 4,16,48 --price NC288ds_xl=9.90@2026-11-20

  # a calibrated or built-in profile under longer prompts, and how many requests at a time keep the objectives
  rehearsal forecast --profile h200-llama3-70b-fp8-tp2 --prompt-tokens 2048 --slo-ttft-ms 2000 --slo-tpot-ms 40

  # nothing measured: will it start, with which flags, and what do datasheets say
  rehearsal forecast --gpu 'H100 SXM' --model config.json --tensor-parallel 1,2,4
";

/// Arguments of `rehearsal forecast`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ForecastArgs {
    /// Without --profile, the report's two configurations. report-tp1 or report-tp2: only that one, beside what was published. Any other
    /// built-in profile, or a TOML file: what it does under a closed load; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["sweep", "gpu"])]
    pub(crate) profile: Vec<String>,

    /// Add rising concurrency on one GPU and on two, with what the measurement leaves open, and the cost of a million tokens
    #[arg(long, conflicts_with = "gpu")]
    pub(crate) sweep: bool,

    #[command(flatten)]
    pub(crate) setup: SetupFlags,

    /// Numbers of GPUs, with --gpu
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,2", requires = "gpu")]
    pub(crate) tensor_parallel: Vec<u32>,

    /// Tokens of a prompt at most, for all but the report's load; lengths are drawn from 0.8 of it on
    #[arg(long, value_name = "N", default_value = "1024")]
    pub(crate) prompt_tokens: NonZeroU32,

    /// Tokens of an answer at most, likewise
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) output_tokens: NonZeroU32,

    /// Objective: milliseconds to the first token that 99 of 100 requests stay within
    #[arg(long, value_name = "MS", requires = "profile")]
    pub(crate) slo_ttft_ms: Option<f64>,

    /// Objective: milliseconds a token after the first, likewise
    #[arg(long, value_name = "MS", requires = "profile")]
    pub(crate) slo_tpot_ms: Option<f64>,

    /// Requests at a time
    #[arg(long, short = 'c', value_name = "N,…", value_delimiter = ',', default_value = "1,2,4,8,16,32,64")]
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
