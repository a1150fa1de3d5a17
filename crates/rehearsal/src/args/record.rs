use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::SuiteArgs;

const EXAMPLES: &str = "\
A recording is the report of `rehearsal check` with every exchange: one JSON document, gzip where the name ends in .gz.
It says what was recorded (version, model, the server's command line as told, the day) and with what (the suite's version and seed).
A case that fails is a fact about the server here, and no error: the exit code is 0 once every case has run.

Examples:
  rehearsal record --base-url http://old:8000 --seed 1 old.json.gz
  rehearsal record --base-url http://new:8000 --seed 1 new.json.gz --server-command 'vllm serve m --enable-prompt-tokens-details'
  rehearsal diff old.json.gz new.json.gz                       what changed
  rehearsal check --base-url http://newer:8000 --against new.json.gz
";

/// Arguments of `rehearsal record`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("target").required(true).args(["base_url", "fake"])))]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    pub(crate) suite: SuiteArgs,

    /// Where to write: a name that ends in .json or .json.gz
    pub(crate) file: PathBuf,
}
