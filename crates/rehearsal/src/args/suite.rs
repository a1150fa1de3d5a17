use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::seconds::parse_seconds;

/// Which server the suite runs against, and how: what `check` and `record` have in common.
#[derive(Args, Debug)]
pub(crate) struct SuiteArgs {
    /// The server, with or without a trailing /v1
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// The fake, in memory
    #[arg(long)]
    pub(crate) fake: bool,

    /// The version that the fake answers as [default: 0.13.0, or one on which the --mutant is a fault]
    #[arg(long, value_name = "VERSION", requires = "fake")]
    pub(crate) vllm_version: Option<String>,

    /// Give the fake one known fault, with the flags it needs to show, and see which cases catch it; --list-mutants lists them
    #[arg(long, value_name = "ID", requires = "fake")]
    pub(crate) mutant: Option<String>,

    /// Run only the cases whose id begins with this (may be given several times)
    #[arg(long, value_name = "PREFIX")]
    pub(crate) filter: Vec<String>,

    /// Which server's behaviour to expect: auto, py-0.13, py-0.32, rs-0.32, or openai-spec for any server that says it is compatible with
    /// OpenAI's API
    #[arg(long, value_name = "PROFILE", default_value = "auto")]
    pub(crate) profile: String,

    /// The server's own command line, kept in the report; the flags in it that a case depends on are taken from it
    #[arg(long, value_name = "COMMAND")]
    pub(crate) server_command: Option<String>,

    /// A flag the server was started with, such as enable-force-include-usage (may be given several times)
    #[arg(long, value_name = "FLAG")]
    pub(crate) started_with: Vec<String>,

    /// Also run the cases that fill the server up, until it refuses or preempts the requests of others
    #[arg(long)]
    pub(crate) destructive: bool,

    /// Seed of the run's prompts, so that no prefix cache leaks from one run to the next [default: from the clock]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Time limit of one exchange, in seconds, from sending to the last byte
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,

    /// File that holds the API key, sent as a bearer token [default: the environment's `OPENAI_API_KEY`]
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Stop after so many seconds, with what was found until then
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) budget: Option<Duration>,
}
