mod engine;
mod frontend;
mod http;
mod models;
mod text;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(crate) use self::{
    engine::{EngineFlags, SchedulingPolicy},
    frontend::{FingerprintMode, FrontendFlags},
    http::HttpFlags,
    models::ModelFlags,
    text::Text,
};
use super::{Format, seconds::parse_seconds};

const EXAMPLES: &str = "\
Examples:
  # the report's server, one GPU
  rehearsal serve RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic --tensor-parallel-size 1 --max-model-len 4096 \\
    --gpu-memory-utilization 0.95 --kv-cache-dtype fp8 --enable-force-include-usage

  # two GPUs: without --max-num-seqs 32 it runs out of memory at start-up, as the real one did
  rehearsal serve RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic --tensor-parallel-size 2 --max-model-len 4096 \\
    --gpu-memory-utilization 0.95 --kv-cache-dtype fp8 --max-num-seqs 32 --enable-force-include-usage

  # any model name, answers at once, on a free port
  rehearsal serve my-model --profile instant --port 0

  # it says what the user said, or what a file has for the question
  rehearsal serve my-model --text echo
  rehearsal serve my-model --text canned:replies.toml

In a canned file (TOML, or JSON of the same keys) the first rule answers whose `when` fits; all its keys must fit, each by a part of the
text: user, system, assistant and tool for messages, prompt for all that the model reads; model is a whole name:
  [[rule]]
  when = { user = \"weather\" }
  reply = \"Sunny.\"
  [[rule]]
  when = { model = \"parrot\" }
  text = \"echo\"                # in place of a reply, what --text takes
  [otherwise]                  # default: text = \"filler\"
  reply = \"I do not know.\"

Every other flag of `vllm serve` is read and checked, too, as the version has it, and named in a remark since it does nothing here:
--help=all lists them, --help=GROUP and --help=WORD some. --config FILE reads flags from a YAML file. Of vLLM's environment variables
VLLM_API_KEY, VLLM_SERVER_DEV_MODE, VLLM_ALLOW_RUNTIME_LORA_UPDATING, VLLM_ENABLE_RESPONSES_API_STORE and VLLM_USE_RUST_FRONTEND
count.
";

/// Arguments of `rehearsal serve`: ours, then the flags of `vllm serve` that do something here.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Model to serve, as `vllm serve MODEL`
    #[arg(default_value = "Qwen/Qwen3-0.6B")]
    pub(crate) model: String,

    /// Timing profile: built-in name or TOML file [default: the report's for its model, by --tensor-parallel-size]
    #[arg(long, value_name = "PROFILE", help_heading = "Rehearsal")]
    pub(crate) profile: Option<String>,

    /// vLLM version to answer as
    #[arg(long, value_name = "VERSION", default_value = "0.13.0", help_heading = "Rehearsal")]
    pub(crate) vllm_version: String,

    /// Which of vLLM's HTTP frontends to answer as [default: python, or rust with `VLLM_USE_RUST_FRONTEND=1`]
    #[arg(long = "frontend", value_enum, value_name = "FRONTEND", help_heading = "Rehearsal")]
    pub(crate) frontend_kind: Option<FrontendKind>,

    /// Real time, or faster by --speed
    #[arg(long, value_enum, default_value_t, help_heading = "Rehearsal")]
    pub(crate) pacing: Pacing,

    /// With --pacing scaled: simulated seconds in a real second
    #[arg(long, value_name = "FACTOR", default_value_t = 10.0, help_heading = "Rehearsal")]
    pub(crate) speed: f64,

    /// What the model says: filler or filler:TOKENS, echo, fixed:TEXT, corpus:FILE, canned:FILE
    #[arg(long, value_name = "MODEL", default_value = "filler", help_heading = "Rehearsal")]
    pub(crate) text: Text,

    /// Have one known fault, such as total-plus-one, so that whoever checks servers can see their checks fail
    #[arg(long, value_name = "ID", help_heading = "Rehearsal")]
    pub(crate) mutant: Option<String>,

    /// Only list the faults that --mutant knows, with a version and the flags under which each shows
    #[arg(long, help_heading = "Rehearsal")]
    pub(crate) list_mutants: bool,

    /// Start although the real server would run out of memory
    #[arg(long, help_heading = "Rehearsal")]
    pub(crate) start_anyway: bool,

    /// Take this long to start, phase by phase, and refuse connections until then [default: start at once]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, help_heading = "Rehearsal")]
    pub(crate) startup_seconds: Option<std::time::Duration>,

    /// How to print the address and the closing summary
    #[arg(long, value_enum, default_value_t, help_heading = "Rehearsal")]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) engine: EngineFlags,

    #[command(flatten)]
    pub(crate) frontend: FrontendFlags,

    #[command(flatten)]
    pub(crate) models: ModelFlags,

    #[command(flatten)]
    pub(crate) http: HttpFlags,

    /// `tokenizer.json` to count tokens with [default: Qwen2.5's for Qwen2.5 models, else one token a byte]
    #[arg(long, value_name = "FILE", help_heading = "vLLM: answers")]
    pub(crate) tokenizer: Option<PathBuf>,

    /// vLLM's flags among the given that do nothing here.
    #[arg(skip)]
    pub(crate) without_effect: Vec<String>,
}

/// vLLM's HTTP frontends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrontendKind {
    /// The one everybody knows, on uvicorn
    Python,
    /// The one in vLLM's tree since 0.22.1
    Rust,
}

/// How simulated time runs against real time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pacing {
    /// A second is a second
    #[default]
    Real,
    /// Faster by --speed
    Scaled,
}
