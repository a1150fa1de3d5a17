use std::path::PathBuf;

use clap::Args;
use rehearsal::load::report::Tool;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal bench --base-url http://127.0.0.1:8000 --stream -c 4 -n 32 --jsonl requests.jsonl
  rehearsal report requests.jsonl                             the summary again, every figure computed from the requests
  rehearsal report requests.jsonl --as native,vllm-0.13,guidellm    what each tool would have said of this very run
  rehearsal report requests.jsonl --as all --format json      the same for programs

A log whose run was killed gives a report of what it holds, and says so (exit code 6).
";

/// Arguments of `rehearsal report`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Log of requests (`bench --jsonl`) or report (`bench --report`, `bench --out`)
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,

    /// Recompute in these definitions, side by side: native, seed, vllm-0.13, vllm-0.33, guidellm, aiperf, sglang, or all;
    /// needs a log of requests
    #[arg(long = "as", value_name = "TOOL,...", value_delimiter = ',', value_parser = parse_tools)]
    pub(crate) tools: Vec<Tools>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// One word of `--as`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tools(pub(crate) Vec<Tool>);

fn parse_tools(word: &str) -> Result<Tools, String> {
    if word == "all" {
        return Ok(Tools(Tool::ALL.to_vec()));
    }
    word.parse().map(|tool| Tools(vec![tool])).map_err(|error: rehearsal::load::report::UnknownTool| error.to_string())
}
