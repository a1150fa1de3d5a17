use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args};

use super::{Format, seconds::parse_seconds};

const EXAMPLES: &str = "\
Examples:
  rehearsal check --fake                                   the fake, in memory
  rehearsal check --list                                   what there is to check
  rehearsal check --base-url http://127.0.0.1:8000         any server
  rehearsal check --base-url http://127.0.0.1:8000 --filter U-2   the cases whose id begins with U-2
  rehearsal check --base-url http://127.0.0.1:8000 --output old.json --output old.html    keep a recording, and a page to read
  rehearsal check --base-url http://127.0.0.1:8000 --against old.json     what this server does otherwise
  rehearsal diff old.json new.json                         the same of two recordings
";

/// Arguments of `rehearsal check`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("target").required(true).args(["base_url", "fake", "list"])))]
pub(crate) struct CheckArgs {
    /// The server, with or without a trailing /v1
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Check the fake, in memory
    #[arg(long)]
    pub(crate) fake: bool,

    /// Only list the cases
    #[arg(long)]
    pub(crate) list: bool,

    /// Run only the cases whose id begins with this (may be given several times)
    #[arg(long, value_name = "PREFIX")]
    pub(crate) filter: Vec<String>,

    /// Which server's behaviour to expect: auto, py-0.13, py-0.32, rs-0.32, or openai-spec for any server that says it is compatible with
    /// OpenAI's API
    #[arg(long, value_name = "PROFILE", default_value = "auto")]
    pub(crate) profile: String,

    /// A flag the server was started with, such as enable-force-include-usage (may be given several times)
    #[arg(long, value_name = "FLAG")]
    pub(crate) started_with: Vec<String>,

    /// A missed SHOULD fails the run too
    #[arg(long)]
    pub(crate) strict: bool,

    /// Seed of the run's prompts, so that no prefix cache leaks from one run to the next [default: from the clock]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Time limit of one exchange, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,

    /// File that holds the API key, sent as a bearer token [default: the environment's `OPENAI_API_KEY`]
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Stop after so many seconds, with what was found until then
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) budget: Option<Duration>,

    /// The version that the fake answers as
    #[arg(long, value_name = "VERSION", default_value = "0.13.0", requires = "fake")]
    pub(crate) vllm_version: String,

    /// Also write the report to a file; its name says how: .json (with every exchange: a recording), .xml (`JUnit`), .md, .html
    /// (may be given several times)
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,

    /// Tell what changed since this recording, a .json of --output; its seed is taken, so that the same requests are sent
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
