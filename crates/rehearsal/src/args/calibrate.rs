use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{Format, setup::SetupFlags};

const EXAMPLES: &str = "\
Examples:
  # what the report alone says about its machine, and what it does not
  rehearsal calibrate --gpu 'RTX PRO 6000' --model qwen2.5-vl-72b-fp8 --kv-cache-dtype fp8 \\
    --fit 1=fixtures/report/tp1.json --fit 2=fixtures/report/tp2.json

  # what to run on a machine rented for a quarter of an hour
  rehearsal calibrate --plan --gpu H200 --model llama-3-70b-fp8 --tensor-parallel 1,2 > rent.sh

  # its results; profiles go to a folder, and forecast what was not measured
  rehearsal calibrate --gpu H200 --model config.json --length-spread 0.2 \\
    --fit 2=fit-tp2 --holdout 2=holdout-tp2 --out profiles
  rehearsal serve --profile profiles/calibrated-tp2.toml
  rehearsal forecast --gpu H200 --model config.json --tensor-parallel 4,8 \\
    --measured profiles/calibrated-tp2.toml

A result file is one of the report's script, of `bench --report`, of `vllm bench serve --save-result`, of aiperf or of guidellm.
A table is CSV with the columns tp, prompt_tokens, output_tokens, concurrency or rate, requests, and of tpot_ms, ttft_ms,
latency_p50_s and output_tps what was measured; role (fit or holdout), prompts (same or unique), shortest and name may be there.
";

/// Arguments of `rehearsal calibrate`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CalibrateArgs {
    #[command(flatten)]
    pub(crate) setup: SetupFlags,

    /// Measured runs to fit, and on how many GPUs they were: a file, or a folder of files; may be repeated
    #[arg(long, value_name = "TP=FILE", value_parser = parse_measured)]
    pub(crate) fit: Vec<Measured>,

    /// Measured runs that the fit is not shown and is tried on; may be repeated
    #[arg(long, value_name = "TP=FILE", value_parser = parse_measured)]
    pub(crate) holdout: Vec<Measured>,

    /// Measured runs in a table (CSV); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Vec<PathBuf>,

    /// Whether the prompts of the files were alike [default: one prompt in the report's script, random ones in other tools]
    #[arg(long, value_enum)]
    pub(crate) prompts: Option<PromptKind>,

    /// By which share the lengths in the files were spread evenly around their mean: 0.2 for the script of --plan
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) length_spread: f64,

    /// Milliseconds from an answer to the next request of the same worker
    #[arg(long, value_name = "MS", default_value_t = 7.0)]
    pub(crate) turnaround_ms: f64,

    /// Milliseconds between requests that workers send at the same instant
    #[arg(long, value_name = "MS", default_value_t = 0.25)]
    pub(crate) stagger_ms: f64,

    /// Milliseconds that the API server adds to an answer; 10 to 20 are usual, and only TTFT feels them
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    pub(crate) api_overhead_ms: f64,

    /// Concurrencies to forecast the first row's load at
    #[arg(long, short = 'c', value_name = "N,…", value_delimiter = ',', default_value = "1,2,4,8,16,32,64")]
    pub(crate) concurrency: Vec<NonZeroUsize>,

    /// Write a profile for each number of GPUs into this folder
    #[arg(long, short = 'o', value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,

    /// Name of the profiles
    #[arg(long, value_name = "NAME", default_value = "calibrated")]
    pub(crate) name: String,

    /// Print a script of about 15 minutes that measures what a calibration needs, and do nothing else
    #[arg(long, conflicts_with_all = ["fit", "holdout", "table", "out"])]
    pub(crate) plan: bool,

    /// Numbers of GPUs that the script measures
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,2", requires = "plan")]
    pub(crate) tensor_parallel: Vec<u32>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Files of one configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) tensor_parallel: u32,
    pub(crate) path: PathBuf,
}

/// Whether prompts are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PromptKind {
    /// One prompt for all requests
    Same,
    /// No two begin alike
    Unique,
}

fn parse_measured(text: &str) -> Result<Measured, String> {
    let wrong = || format!("`{text}` does not say on how many GPUs it was measured; write 2={text}");
    let (ranks, path) = text.split_once('=').ok_or_else(wrong)?;
    let tensor_parallel = ranks.parse().ok().filter(|ranks| 0 < *ranks).ok_or_else(wrong)?;
    Ok(Measured { tensor_parallel, path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_file_says_its_number_of_gpus() {
        assert_eq!(parse_measured("2=a=b.json").unwrap(), Measured { tensor_parallel: 2, path: "a=b.json".into() });
        for wrong in ["a.json", "0=a.json", "two=a.json"] {
            assert!(parse_measured(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
