use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use clap::Args;

use super::{Format, setup::SetupFlags};

const EXAMPLES: &str = "\
Examples:
  rehearsal forecast                     the report's table: published, rehearsed, error
  rehearsal forecast --format json       the same as one JSON document
  rehearsal forecast --profile report-tp2

  # one GPU, two, or two replicas: 1 to 64 requests at a time, how sure, at which cost
  rehearsal forecast --sweep
  rehearsal forecast --sweep --concurrency 4,16,48 --price NC288ds_xl=9.90@2026-11-20
  rehearsal forecast --sweep --html forecast.html

  # what to rent: every way to split the model over the GPUs of Azure sizes
  rehearsal forecast --model qwen3-32b --rate 0.5,1,2,4 --prompt-tokens 2048 \\
    --size NC40ads_H100_v5 --size NC80adis_H100_v5 --price NC80adis_H100_v5=13.96 \\
    --slo-ttft-ms 2000 --slo-tpot-ms 60

  # a calibrated or built-in profile: prompts half of which are the same, conversations
  rehearsal forecast --profile h200-llama3-70b-fp8-tp2 --prompt-tokens 2048 --shared-prefix 0.5
  rehearsal forecast --profile h200-llama3-70b-fp8-tp2 --turns 6 --think-seconds 20

  # a recorded load: Mooncake's JSONL, or the CSV of the Azure LLM traces or of BurstGPT
  rehearsal forecast --profile report-tp2 --trace trace.csv --trace-speed 0.5,1,2

  # nothing measured: will it start, with which flags, and what do datasheets say
  rehearsal forecast --gpu 'H100 SXM' --model config.json --tensor-parallel 1,2,4

  # measured on one GPU: what follows for two and four
  rehearsal forecast --gpu 'H100 SXM' --model config.json --tensor-parallel 2,4 \\
    --measured profiles/calibrated-tp1.toml
";

/// Arguments of `rehearsal forecast`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ForecastArgs {
    /// Without --profile, the report's two configurations. report-tp1 or report-tp2: only that one, beside what was published. Any other
    /// built-in profile, or a TOML file: what it does under a load; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with_all = ["sweep", "gpu", "model"])]
    pub(crate) profile: Vec<String>,

    /// Add rising concurrency on one GPU and on two, with what the measurement leaves open, and the cost of a million tokens
    #[arg(long, conflicts_with_all = ["gpu", "size"])]
    pub(crate) sweep: bool,

    #[command(flatten)]
    pub(crate) setup: SetupFlags,

    #[command(flatten)]
    pub(crate) machine: MachineFlags,

    #[command(flatten)]
    pub(crate) load: ForecastLoadFlags,

    /// Objective: milliseconds to the first token that 99 of 100 requests stay within
    #[arg(long, value_name = "MS", help_heading = "Objectives and prices")]
    pub(crate) slo_ttft_ms: Option<f64>,

    /// Objective: milliseconds a token after the first, likewise
    #[arg(long, value_name = "MS", help_heading = "Objectives and prices")]
    pub(crate) slo_tpot_ms: Option<f64>,

    /// Your own price of an Azure size an hour, and since when it holds [default date: today]; may be repeated
    #[arg(long, value_name = "SIZE=AMOUNT[@DATE]", value_parser = parse_price, help_heading = "Objectives and prices")]
    pub(crate) price: Vec<OwnPrice>,

    /// The currency of your own prices; the published ones are in US dollars and are left out in any other
    #[arg(long, value_name = "CODE", default_value = "USD", help_heading = "Objectives and prices")]
    pub(crate) currency: String,

    /// Write a page with charts, bands included; it needs no other file and no network
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) html: Option<PathBuf>,

    /// Write each chart as an SVG file into this folder
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) svg: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: Format,
}

/// On what, and how the model is split over it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Machine and model")]
pub(crate) struct MachineFlags {
    /// An Azure size, such as `NC40ads_H100_v5`, all of whose GPUs are used; may be repeated
    #[arg(long, value_name = "SIZE", conflicts_with = "gpu")]
    pub(crate) size: Vec<String>,

    /// GPUs that each layer is split over [default: 1,2; with --size every number that divides its GPUs]
    #[arg(long, value_name = "N,…", value_delimiter = ',', requires = "model")]
    pub(crate) tensor_parallel: Vec<u32>,

    /// Stages that the layers are split into
    #[arg(long, value_name = "N", default_value = "1", requires = "model")]
    pub(crate) pipeline_parallel: NonZeroU32,

    /// Copies of the model that share the requests, as vLLM's --data-parallel-size for dense models [default: 1; with --size what its GPUs
    /// have room for]
    #[arg(long, value_name = "N,…", value_delimiter = ',', conflicts_with = "size")]
    pub(crate) replicas: Vec<NonZeroUsize>,

    /// A profile that `rehearsal calibrate` made on one number of GPUs: step times of others are derived from it, through the all-reduces
    #[arg(long, value_name = "FILE", requires = "model")]
    pub(crate) measured: Option<String>,

    /// vLLM's --no-enable-prefix-caching
    #[arg(long)]
    pub(crate) no_enable_prefix_caching: bool,
}

/// What is asked of it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Load")]
pub(crate) struct ForecastLoadFlags {
    /// Users at once, each of whom sends when answered; with --sweep those of each engine
    #[arg(long, short = 'c', value_name = "N,…", value_delimiter = ',', default_value = "1,2,4,8,16,32,64")]
    pub(crate) concurrency: Vec<NonZeroUsize>,

    /// Requests a second as from independent users, whatever happens to earlier ones
    #[arg(long, value_name = "RATE,…", value_delimiter = ',', conflicts_with_all = ["concurrency", "sweep"])]
    pub(crate) rate: Vec<f64>,

    /// Requests at the instants and of the lengths of a trace: Mooncake's JSONL, or the CSV of the Azure LLM traces or of BurstGPT
    #[arg(long, value_name = "FILE", conflicts_with_all = ["concurrency", "rate", "sweep", "prompt_tokens", "output_tokens", "turns"])]
    pub(crate) trace: Option<PathBuf>,

    /// Play the trace so many times as fast
    #[arg(long, value_name = "FACTOR,…", value_delimiter = ',', default_value = "1", requires = "trace")]
    pub(crate) trace_speed: Vec<f64>,

    /// Tokens of a prompt at most, for all but the report's load; lengths are drawn from 0.8 of it on
    #[arg(long, value_name = "N", default_value = "1024")]
    pub(crate) prompt_tokens: NonZeroU32,

    /// Tokens of an answer at most, likewise
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) output_tokens: NonZeroU32,

    /// How much of each prompt is the same for all of its group, from 0 to 1
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["trace", "turns", "sweep"])]
    pub(crate) shared_prefix: Option<f64>,

    /// How many different shared prefixes there are
    #[arg(long, value_name = "N", default_value = "1", requires = "shared_prefix")]
    pub(crate) prefix_groups: NonZeroU32,

    /// Requests of a conversation, each of which repeats what was said before; --prompt-tokens is the first one's
    #[arg(long, value_name = "N", conflicts_with = "sweep")]
    pub(crate) turns: Option<NonZeroU32>,

    /// Tokens that a user adds at each further turn
    #[arg(long, value_name = "N", default_value = "64", requires = "turns")]
    pub(crate) message_tokens: NonZeroU32,

    /// Seconds from an answer to the same user's next request
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["trace", "sweep"])]
    pub(crate) think_seconds: Option<f64>,
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
