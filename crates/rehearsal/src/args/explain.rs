use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal explain             the names of all metrics
  rehearsal explain tpot        what it is, when it is undefined, and what other tools do instead
";

/// Arguments of `rehearsal explain`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExplainArgs {
    /// Name of a metric, as in reports [default: a list of them]
    #[arg(value_name = "METRIC")]
    pub(crate) metrics: Vec<String>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
