use std::path::PathBuf;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal merge shard-0.jsonl shard-1.jsonl shard-2.jsonl shard-3.jsonl --out merged.jsonl
  rehearsal report merged.jsonl --as all

Counts, sums and quantiles are those of a single run, because every request is kept. The shards must be of one load; their
workers and requests add up.
";

/// Arguments of `rehearsal merge`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct MergeArgs {
    /// Logs of all shards (`bench --jsonl`)
    #[arg(value_name = "LOG", required = true)]
    pub(crate) logs: Vec<PathBuf>,

    /// Write the merged log
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
