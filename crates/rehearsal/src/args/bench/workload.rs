//! What requests say.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use rehearsal::load::{plan::ImageSize, workload::Length};

use super::super::seconds::parse_seconds;

/// The prompts.
#[derive(Args, Debug)]
#[command(next_help_heading = "Workload")]
pub(crate) struct WorkloadFlags {
    /// File with the prompt, sent as one user message [default: an 89-token prompt, as the report's]
    #[arg(long, value_name = "FILE", group = "prompts")]
    pub(crate) prompt_file: Option<PathBuf>,

    /// The prompt itself
    #[arg(long, value_name = "TEXT", group = "prompts")]
    pub(crate) prompt: Option<String>,

    /// Prompts from a file: a JSON object with `prompt` and perhaps `output_tokens` a line, or ShareGPT's JSON
    #[arg(long, value_name = "FILE", group = "prompts")]
    pub(crate) dataset: Option<PathBuf>,

    /// Random prompts of so many tokens as the server counts them, no two alike: 512, 100..900 (uniform), 512~64 (normal)
    /// or 512*2 (log-normal)
    #[arg(long, value_name = "LENGTH", group = "prompts")]
    pub(crate) input_tokens: Option<Length>,

    /// Requests at the instants and of the lengths of a trace: Mooncake's JSONL, or the CSV of the Azure LLM traces or
    /// of BurstGPT; --request-rate replaces the instants
    #[arg(long, value_name = "FILE", group = "prompts", conflicts_with = "concurrency")]
    pub(crate) trace: Option<PathBuf>,

    /// Play the trace so many times as fast
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, requires = "trace")]
    pub(crate) trace_speed: f64,

    /// Most tokens of each answer of --input-tokens, as a length of its own [default: --max-tokens]
    #[arg(long, value_name = "LENGTH", requires = "input_tokens")]
    pub(crate) output_tokens: Option<Length>,

    /// How much of each prompt of --input-tokens is the same for all of its group, from 0 to 1
    #[arg(long, value_name = "SHARE", requires = "input_tokens")]
    pub(crate) shared_prefix: Option<f64>,

    /// How many different shared prefixes there are
    #[arg(long, value_name = "N", default_value = "1", requires = "shared_prefix")]
    pub(crate) prefix_groups: NonZeroU32,

    /// Conversations of so many turns with --input-tokens as the length of each question: every request holds what was said
    /// before. -c is how many conversations go on at once, -n counts requests and is a multiple of this. The answers in the
    /// history are made up, as long as --output-tokens or --max-tokens, so that a run can be repeated
    #[arg(long, value_name = "N", requires = "input_tokens", conflicts_with = "shared_prefix")]
    pub(crate) turns: Option<NonZeroUsize>,

    /// How long the user of a conversation thinks between an answer and the next question, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, requires = "turns")]
    pub(crate) think_time: Option<Duration>,

    /// An image of this size before every prompt, such as 640x480; several for several images. They are plain, so that the
    /// upload is small, and no two are alike
    #[arg(long, value_name = "WIDTHxHEIGHT", value_delimiter = ',')]
    pub(crate) image: Vec<ImageSize>,

    /// Put a number before each prompt of a file or data set that no other request has, so that no prefix cache finds it
    #[arg(long, conflicts_with_all = ["input_tokens", "trace"])]
    pub(crate) unique: bool,
}
