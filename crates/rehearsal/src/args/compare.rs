use std::path::PathBuf;

use clap::Args;
use rehearsal::load::compare::Threshold;

use super::Format;

const EXAMPLES: &str = "\
Examples:
  rehearsal compare before.jsonl after.jsonl
  rehearsal compare before.jsonl after.jsonl --fail-on 'p95_ttft>+5%' --fail-on 'output_tokens_per_s<-3%'

  # repeats tell chance from change: a folder holds the logs of one side
  for i in 1 2 3 4 5; do rehearsal bench ... --jsonl before/$i.jsonl; done
  rehearsal compare before/ after/ --fail-on 'mean_tpot>+2ms' --junit compare.xml --markdown comment.md

A figure regressed when the whole 95 % interval of its difference is beyond the threshold (exit code 5), and is undecided
when the interval crosses it: more requests or more runs would tell. Logs of `rehearsal bench`, detailed results of
`vllm bench serve` and aiperf's profile_export.jsonl can be compared.
";

/// Arguments of `rehearsal compare`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// Log of the baseline, or a folder with the logs of several runs of it
    #[arg(value_name = "BASELINE")]
    pub(crate) baseline: PathBuf,

    /// Log of the candidate, or a folder
    #[arg(value_name = "CANDIDATE")]
    pub(crate) candidate: PathBuf,

    /// Exit with 5 when this figure gets worse by more than this, beyond chance; may be given several times
    #[arg(long, value_name = "THRESHOLD", value_parser = parse_threshold)]
    pub(crate) fail_on: Vec<Threshold>,

    /// Seed of the resampling; the same seed gives the same intervals
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Also write a `JUnit` file, a test case for each --fail-on
    #[arg(long, value_name = "FILE", requires = "fail_on")]
    pub(crate) junit: Option<PathBuf>,

    /// Also write the table in Markdown
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

fn parse_threshold(text: &str) -> Result<Threshold, String> {
    text.parse().map_err(|error: rehearsal::load::compare::ThresholdError| error.to_string())
}
