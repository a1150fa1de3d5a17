//! The arguments of `rehearsal bench`.

mod explore;
mod live;
mod load;
mod request_rate;
mod server_metrics;
mod sharing;
mod workload;

/// The choices of single flags; they are named as the library's own types.
pub(crate) mod flags {
    pub(crate) use super::explore::Variable;
    pub(crate) use super::load::{Ramp, Spacing, WhenFull};
    pub(crate) use super::server_metrics::ServerMetrics;
}

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, ValueEnum};

pub(crate) use self::{
    explore::ExploreFlags, live::LiveFlags, load::LoadFlags, request_rate::RequestRate, server_metrics::ServerFlags,
    sharing::SharingFlags, workload::WorkloadFlags,
};
use super::{Format, price::parse_price, seconds::parse_seconds};

const EXAMPLES: &str = "\
Examples:
  # the report's own command line; `rehearsal serve` is a server for it
  rehearsal bench --base-url http://127.0.0.1:8000 \\
    --model RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic \\
    --concurrency 16 --requests 64 --max-tokens 256 --temperature 0.0 \\
    --timeout 1200 --prompt-file fixtures/report/prompt.txt --out result.json

  # streamed, with a record of every request and the full report
  rehearsal bench --base-url http://127.0.0.1:8000 --stream \\
    --prompt 'Why is the sky blue?' --concurrency 4 --requests 32 \\
    --jsonl requests.jsonl --report report.json

  # the report's load on the fake, in memory and in virtual time
  rehearsal bench --fake report-tp1 -c 16 -n 32 --max-tokens 64

  # an open loop: 4 requests a second as from independent users
  rehearsal bench --fake report-tp1 --request-rate 4 -n 40 --stream \\
    --max-tokens 16 --max-concurrency 64

  # bursts; what finds no slot is dropped and counted
  rehearsal bench --fake report-tp1 --request-rate 8 --burstiness 0.25 \\
    -n 40 --max-tokens 16 --max-concurrency 4 --when-full drop

  # a ramp from 1 to 8 requests per second within 10 seconds
  rehearsal bench --fake report-tp2 --request-rate 1..8@10 --max-tokens 16

  # random prompts of 512 tokens or so, half of each shared within 4 groups
  rehearsal bench --fake report-tp1 --input-tokens '512*1.5' -c 8 -n 32 \\
    --output-tokens 8..24 --shared-prefix 0.5 --prefix-groups 4 --stream

  # eight conversations at a time, of four turns each, with time to think
  rehearsal bench --fake report-tp1 --input-tokens 60 --turns 4 -c 8 -n 32 \\
    --think-time 2 --max-tokens 16 --stream

  # latency and throughput at several levels of concurrency
  rehearsal bench --fake report-tp1 --sweep concurrency=1,4,16 -n 32 \\
    --stream --max-tokens 16

  # the highest request rate that meets two objectives
  rehearsal bench --fake report-tp1 --search rate --stream --max-tokens 8 \\
    --duration 5 --search-tolerance 0.2 --slo 'ttft:p95<300ms,tpot:p99<80ms'
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

    /// Which API to measure. Streams of responses and messages are typed events, and are timed by the same rules;
    /// embeddings have no output tokens and no --stream
    #[arg(long, value_enum, default_value_t)]
    pub(crate) endpoint: Endpoint,

    #[command(flatten)]
    pub(crate) sharing: SharingFlags,

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

    /// Send a request again, up to so many times, that got no answer or one of the statuses 429, 500, 502, 503 and 504;
    /// its latencies count from the first time, and the report counts the retries
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retries: u32,

    /// Name each request in its `X-Request-Id`: this and its index
    #[arg(long, value_name = "PREFIX")]
    pub(crate) request_id_prefix: Option<String>,

    #[command(flatten)]
    pub(crate) workload: WorkloadFlags,

    #[command(flatten)]
    pub(crate) server: ServerFlags,

    #[command(flatten)]
    pub(crate) live: LiveFlags,

    /// Stream the replies; needed for TTFT, ITL and TPOT
    #[arg(long)]
    pub(crate) stream: bool,

    /// Ask every chunk of a stream for its token count, to know how many tokens it holds (vLLM's `continuous_usage_stats`)
    #[arg(long, requires = "stream")]
    pub(crate) continuous_usage: bool,

    /// Let a request end early at EOS no more: ask for exactly --max-tokens tokens (vLLM's `ignore_eos`)
    #[arg(long)]
    pub(crate) ignore_eos: bool,

    /// One new connection a request, as the report's script, or a pool
    #[arg(long, value_enum, default_value_t = Connections::New)]
    pub(crate) connections: Connections,

    /// Send everything through this proxy; those of the environment (`HTTP_PROXY` and its like) are never used
    #[arg(long, value_name = "URL", conflicts_with = "fake")]
    pub(crate) proxy: Option<String>,

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

    /// What all machines of the server cost together, in USD an hour; adds the cost of a million tokens
    #[arg(long, value_name = "USD", value_parser = parse_price)]
    pub(crate) price_per_hour: Option<f64>,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// An API, below /v1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Endpoint {
    /// /v1/chat/completions
    #[default]
    Chat,
    /// /v1/completions
    Completions,
    /// /v1/responses
    Responses,
    /// /v1/messages, Anthropic's
    Messages,
    /// /v1/embeddings
    Embeddings,
}

/// How requests get their connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Connections {
    /// A new connection for each request
    New,
    /// Connections are kept and used again
    Pooled,
}
