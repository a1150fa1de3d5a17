use std::path::PathBuf;

use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal record --base-url http://old:8000 --seed 1 old.json.gz
  rehearsal record --base-url http://new:8000 --seed 1 new.json.gz
  rehearsal diff old.json.gz new.json.gz                     what changed
  rehearsal diff old.json.gz new.json.gz --html both.html    and the cases side by side
";

/// Arguments of `rehearsal diff`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DiffArgs {
    /// Recording of the first server, a file of `rehearsal record` or of `rehearsal check --output`
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
