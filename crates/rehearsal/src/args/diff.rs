use std::path::PathBuf;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal check --base-url http://old:8000 --seed 1 --output old.json
  rehearsal check --base-url http://new:8000 --seed 1 --output new.json
  rehearsal diff old.json new.json                     what changed, most frequent first
  rehearsal diff old.json new.json --html both.html    the cases side by side
";

/// Arguments of `rehearsal diff`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// Recording of the first server, written by `rehearsal check --output FILE.json`
    pub(crate) before: PathBuf,

    /// Recording of the second server, made with the same --seed
    pub(crate) after: PathBuf,

    /// Also write one page with both, case by case
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
