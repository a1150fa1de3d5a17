//! The arguments of `rehearsal bench`.

mod explore;
mod load;
mod request_rate;

/// The choices of single flags; they are named as the library's own types.
pub(crate) mod flags {
    pub(crate) use super::explore::Variable;
    pub(crate) use super::load::{Ramp, Spacing, WhenFull};
}

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, ValueEnum};

pub(crate) use self::{explore::ExploreFlags, load::LoadFlags, request_rate::RequestRate};
use super::{Format, seconds::parse_seconds};

const EXAMPLES: &str = "\
Examples:
  # the report's own command line, against a server that runs
  rehearsal bench --base-url http://127.0.0.1:8000 --model RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic \\
    --concurrency 16 --requests 64 --max-tokens 256 --temperature 0.0 --timeout 1200 \\
    --prompt-file fixtures/report/prompt.txt --out result.json

  # the same load on the fake, in memory and in virtual time: over before you let go of the key
  rehearsal bench --fake report-tp1 --concurrency 16 --requests 64 --max-tokens 256

  # an open loop: 200 requests at 4 per second, as from independent users, and at most 64 in flight
  rehearsal bench --fake report-tp1 --request-rate 4 --requests 200 --max-concurrency 64 --stream

  # latency and throughput at several levels of concurrency
  rehearsal bench --fake report-tp1 --sweep concurrency=1,4,16,64 --stream --max-tokens 64

  # the highest request rate at which 95 % of the requests get their first token within 500 ms
  rehearsal bench --fake report-tp1 --search rate --slo 'ttft:p95<500ms,tpot:p99<80ms' --stream --max-tokens 64

  # streamed, with a record of every request and the full report
  rehearsal bench --base-url http://127.0.0.1:8000 --prompt 'Why is the sky blue?' --stream \\
    --concurrency 4 --requests 32 --jsonl requests.jsonl --report report.json
";

/// Arguments of `rehearsal bench`: the report's own, and what they left out.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("target").required(true).args(["base_url", "fake"])))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct BenchArgs {
    /// The server, with or without a trailing /v1
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Run against the fake in memory and in virtual time, with this profile (built-in name or TOML file)
    #[arg(long, value_name = "PROFILE")]
    pub(crate) fake: Option<String>,

    /// Model to ask for [default: the first the server lists; with --fake, the report's]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,

    #[command(flatten)]
    pub(crate) load: LoadFlags,

    #[command(flatten)]
    pub(crate) explore: ExploreFlags,

    /// Most tokens a reply may have
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub(crate) max_tokens: u32,

    /// Sampling temperature
    #[arg(long, value_name = "T", default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) temperature: f64,

    /// Time limit of one request, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "1200", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,

    /// Give a request up when no byte came for so many seconds [default: only --timeout]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) stall_timeout: Option<Duration>,

    /// File with the prompt, sent as one user message [default: an 89-token prompt, as the report's]
    #[arg(long, value_name = "FILE", conflicts_with = "prompt")]
    pub(crate) prompt_file: Option<PathBuf>,

    /// The prompt itself
    #[arg(long, value_name = "TEXT")]
    pub(crate) prompt: Option<String>,

    /// Stream the replies; needed for TTFT, ITL and TPOT
    #[arg(long)]
    pub(crate) stream: bool,

    /// Let a request end early at EOS no more: ask for exactly --max-tokens tokens (vLLM's `ignore_eos`)
    #[arg(long)]
    pub(crate) ignore_eos: bool,

    /// One new connection a request, as the report's script, or a pool
    #[arg(long, value_enum, default_value_t = Connections::New)]
    pub(crate) connections: Connections,

    /// Send no warm-up request of min(max-tokens, 32) tokens first
    #[arg(long)]
    pub(crate) no_warmup: bool,

    /// File that holds the API key, sent as a bearer token [default: the environment's `OPENAI_API_KEY`]
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Write the result with the keys of the report's JSON (the seed schema)
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Write the full report (native schema)
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Write a line of JSON for each request as it ends; what was written survives a kill
    #[arg(long, value_name = "FILE")]
    pub(crate) jsonl: Option<PathBuf>,

    /// Exit with 5 when the generator was too slow for its own plan (the report's `client_bound` is `yes`)
    #[arg(long)]
    pub(crate) strict: bool,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// How requests get their connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Connections {
    /// A new connection for each request
    New,
    /// Connections are kept and used again
    Pooled,
}
