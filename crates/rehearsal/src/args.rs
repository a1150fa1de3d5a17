//! The command line, as clap reads it. Each command turns its arguments into a library's own validated type; nothing here is that type.

pub(crate) mod bench;
mod calibrate;
mod check;
mod client;
mod compare;
mod diff;
mod explain;
mod forecast;
mod merge;
mod page;
mod price;
mod record;
mod report;
mod seconds;
mod self_test;
mod serve;
mod setup;
mod suite;
mod vllm;

use std::ffi::OsString;

use clap::{Parser, Subcommand, ValueEnum};

use self::vllm::Translation;
pub(crate) use self::{
    bench::{BenchArgs, Connections, Endpoint},
    calibrate::{CalibrateArgs, Measured, PromptKind},
    check::CheckArgs,
    client::ClientArgs,
    compare::CompareArgs,
    diff::DiffArgs,
    explain::ExplainArgs,
    forecast::{ForecastArgs, ForecastLoadFlags},
    merge::MergeArgs,
    page::PageArgs,
    record::RecordArgs,
    report::{Export, ReportArgs},
    self_test::SelfTestArgs,
    serve::{
        EngineFlags, FingerprintMode, FrontendFlags, FrontendKind, HttpFlags, ModelFlags, Pacing, SchedulingPolicy,
        ServeArgs, Text,
    },
    setup::{KvCacheDtype, SetupFlags},
    suite::SuiteArgs,
    vllm::{Count, CountOrAuto},
};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  internal error, or `serve` refused to start as vLLM would
  2  a flag, file or name that cannot be used
  3  the target is unreachable or not ready
  4  a conformance check failed
  5  an SLO, a threshold or a baseline was not met
  6  the run is incomplete: interrupted, or every request failed";

/// Rehearse a vLLM deployment before renting the GPUs.
#[derive(Debug, Parser)]
#[command(name = "rehearsal", version, after_help = EXIT_CODES, max_term_width = 110, subcommand_required = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// To run a command.
    Run(Box<Args>),
    /// For a text.
    Help(String),
}

impl Args {
    /// Reads the process's command line. clap ends the process where it cannot; an error says which of vLLM's flags is wrong.
    pub(crate) fn read(command_line: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
        match vllm::translate(command_line.into_iter().collect())? {
            Translation::Help(text) => Ok(Asked::Help(text)),
            Translation::Words { words, without_effect } => {
                let mut args = Self::parse_from(words);
                if let Command::Serve(serve) = &mut args.command {
                    serve.without_effect = without_effect;
                }
                Ok(Asked::Run(Box::new(args)))
            }
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say throughput, latency and cost before any money is spent, and how sure that is; alone, the report's own figures
    Forecast(Box<ForecastArgs>),
    /// Turn measured runs into a profile, with an interval for everything and what they do not say
    Calibrate(Box<CalibrateArgs>),
    /// Start the fake vLLM server; takes `vllm serve`'s command line
    Serve(Box<ServeArgs>),
    /// Put load on an OpenAI-compatible server, or on the fake in memory, and measure it
    Bench(Box<BenchArgs>),
    /// Look at a run again: its figures, and what other tools would have said of it
    Report(ReportArgs),
    /// Tell what changed between two runs, beyond chance
    Compare(CompareArgs),
    /// Make one run of the logs of several generators
    Merge(MergeArgs),
    /// Measure how wrong the load generator is on this machine
    SelfTest(SelfTestArgs),
    /// Tell what a metric means, and how other tools differ
    Explain(ExplainArgs),
    /// Check, case by case, what a server's `usage` and streams do
    Check(CheckArgs),
    /// Run the same cases and keep every exchange, for `diff` and `check --against`
    Record(RecordArgs),
    /// Tell what changed between two servers that were recorded
    Diff(DiffArgs),
    /// Put the recordings of several servers on one HTML page, case by case
    Page(PageArgs),
}

/// How a command prints its result on stdout. Progress and warnings go to stderr whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    #[default]
    Text,
    /// One JSON document, and nothing else on stdout
    Json,
}
