use clap::Args;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal forecast                     the report's table: published, rehearsed, error
  rehearsal forecast --format json       the same as one JSON document
  rehearsal forecast --profile report-tp2
";

/// Arguments of `rehearsal forecast`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ForecastArgs {
    /// Rehearse only this configuration of the report: report-tp1 or report-tp2 (both by default)
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Vec<String>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
