use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  rehearsal record --base-url http://old:8000 --seed 1 old.json.gz
  rehearsal record --base-url http://new:8000 --seed 1 new.json.gz
  rehearsal page old.json.gz new.json.gz --output both.html     cases by servers, the exchange behind each cell
";

/// Arguments of `rehearsal page`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PageArgs {
    /// Recordings, each a column: files of `rehearsal record`
    #[arg(required = true, value_name = "RECORDING")]
    pub(crate) recordings: Vec<PathBuf>,

    /// The page to write; it needs no other file and no network
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: PathBuf,
}
