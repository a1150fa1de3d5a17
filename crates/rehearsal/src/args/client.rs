use std::{num::NonZeroU32, time::Duration};

use clap::Args;

use super::seconds::parse_seconds;

/// A client as the target of `rehearsal check`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Clients as targets")]
pub(crate) struct ClientArgs {
    /// Put a load tool or SDK on the cases for clients: a command line for `sh`, run once a case. Filled in: `{base_url}` (without /v1),
    /// `{model}`, `{case}`, `{requests}` (4), `{out}` (a file for its report), `{dir}` (the folder that holds it); the same are in the
    /// environment as `REHEARSAL_BASE_URL` and so on, and `OPENAI_BASE_URL` and `OPENAI_API_KEY` are set. The report is looked for in `{out}`, in the other
    /// .json files under `{dir}`, and in the lines of stdout
    #[arg(long, value_name = "COMMAND")]
    pub(crate) client: Option<String>,

    /// Put our own load generator on them, in memory and in virtual time
    #[arg(long)]
    pub(crate) own_client: bool,

    /// What the report calls the client [default: the command's first word]
    #[arg(long, value_name = "NAME", requires = "client")]
    pub(crate) client_name: Option<String>,

    /// How many requests the client sends in each case before it measures; they get a good answer and count for nothing
    #[arg(long, value_name = "N", default_value_t = 0, requires = "client")]
    pub(crate) client_warmup: usize,

    /// How far a reported time may be from the truth, in seconds: the noise of this machine
    #[arg(long, value_name = "SECONDS", default_value = "0.06", value_parser = parse_seconds, requires = "client")]
    pub(crate) tolerance: Duration,

    /// Play every stream so many times as slow: for a machine so busy that the tolerance has to be wide
    #[arg(long, value_name = "N", default_value = "1", requires = "client")]
    pub(crate) pace: NonZeroU32,

    /// How long the command may take for one case, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = parse_seconds, requires = "client")]
    pub(crate) client_timeout: Duration,

    /// Form of the client's report: auto, rehearsal, vllm, guidellm, aiperf, or plain (a line of JSON with any of successes, failures,
    /// `ttft_ms`, `e2el_ms`, `tpot_ms`, `itl_ms`, `output_tokens`, warnings; times are means)
    #[arg(long, value_name = "FORM", default_value = "auto", requires = "client")]
    pub(crate) report_as: String,
}

impl ClientArgs {
    /// Whether the target is a client.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.client.is_some() || self.own_client
    }
}
