use std::path::PathBuf;

use clap::Args;
use rehearsal::load::{
    report::{ExportFormat, Tool, UnknownFormat},
    search::Slo,
};

use super::{Format, price::parse_price};

const EXAMPLES: &str = "\
Examples:
  rehearsal bench --base-url http://127.0.0.1:8000 --stream -c 4 -n 32 --jsonl requests.jsonl
  rehearsal report requests.jsonl                             the summary again, every figure computed from the requests
  rehearsal report requests.jsonl --as native,vllm-0.13,guidellm    what each tool would have said of this very run
  rehearsal report requests.jsonl --as all --format json      the same for programs
  rehearsal report requests.jsonl --html report.html          one page with charts
  rehearsal report requests.jsonl --export vllm=result.json --export llm-d=report.json --export csv=requests.csv
  rehearsal report profile_export.jsonl --as all              results of vllm bench serve and aiperf are read, too

An export in a tool's format holds that tool's definitions; llm-d's and csv hold ours. Reading Parquet? DuckDB and pandas
turn the csv into it.

A log whose run was killed gives a report of what it holds, and says so (exit code 6).
";

/// Arguments of `rehearsal report`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Log of requests (`bench --jsonl`), report (`bench --report`, `bench --out`), or a result of vllm bench serve
    /// (--save-detailed) or aiperf (`profile_export.jsonl`)
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,

    /// Recompute in these definitions, side by side: native, seed, vllm-0.13, vllm-0.33, guidellm, aiperf, sglang, or all;
    /// needs a log of requests
    #[arg(long = "as", value_name = "TOOL,...", value_delimiter = ',', value_parser = parse_tools)]
    pub(crate) tools: Vec<Tools>,

    /// Objectives such as ttft:p95<500ms,tpot:p99<60ms; adds the goodput, and a run that misses one ends with exit code 5
    #[arg(long, value_name = "SLO", value_delimiter = ',')]
    pub(crate) slo: Vec<Slo>,

    /// What all machines of the server cost together, in USD an hour; adds the cost of a million tokens
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) price_per_hour: Option<f64>,

    /// Also write one page with charts that needs no network: short for --export html=FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Also write the run as a file of another tool; formats: native, seed, vllm, aiperf, guidellm, llm-d, csv,
    /// html
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_export)]
    pub(crate) export: Vec<Export>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// One word of `--as`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tools(pub(crate) Vec<Tool>);

/// One file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) format: ExportFormat,
    pub(crate) path: PathBuf,
}

fn parse_export(word: &str) -> Result<Export, String> {
    let (format, path) = word.split_once('=').ok_or("write it as FORMAT=FILE, such as vllm=result.json")?;
    let format = format.parse().map_err(|error: UnknownFormat| error.to_string())?;
    if path.is_empty() {
        return Err(format!("the file of `{word}` has no name"));
    }
    Ok(Export { format, path: path.into() })
}

fn parse_tools(word: &str) -> Result<Tools, String> {
    if word == "all" {
        return Ok(Tools(Tool::ALL.to_vec()));
    }
    word.parse().map(|tool| Tools(vec![tool])).map_err(|error: rehearsal::load::report::UnknownTool| error.to_string())
}
