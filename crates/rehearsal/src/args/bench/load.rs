//! How requests arrive.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{super::seconds::parse_seconds, request_rate::RequestRate};

/// The shape of the load.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadFlags {
    /// Closed loop: so many workers, each of which sends when it has been answered
    #[arg(long, short = 'c', value_name = "N", default_value_t = 1, conflicts_with = "request_rate")]
    pub(crate) concurrency: usize,

    /// Open loop: requests per second, whether or not earlier ones were answered. 8 is constant, 2..20@60 a ramp of 60
    /// seconds, 5@30,10@30 steps of 30 seconds each
    #[arg(long, value_name = "RATE")]
    pub(crate) request_rate: Option<RequestRate>,

    /// How regularly requests arrive
    #[arg(long, value_enum, default_value_t, requires = "request_rate")]
    pub(crate) arrivals: Spacing,

    /// Shape of gamma-distributed gaps: below 1 in bursts, 1 is Poisson, above 1 more regular [default: 1]
    #[arg(long, value_name = "SHAPE", requires = "request_rate")]
    pub(crate) burstiness: Option<f64>,

    /// How a ramp of --request-rate gets from one rate to the other
    #[arg(long, value_enum, default_value_t, requires = "request_rate")]
    pub(crate) ramp: Ramp,

    /// Requests in flight at most, beside a rate or a trace [default: unlimited]
    #[arg(long, value_name = "N", conflicts_with = "concurrency")]
    pub(crate) max_concurrency: Option<usize>,

    /// What becomes of a request that arrives when --max-concurrency are in flight; both are counted
    #[arg(long, value_enum, default_value_t, requires = "max_concurrency")]
    pub(crate) when_full: WhenFull,

    /// Requests in all, the warm-up not counted [default: 16, or what --duration or a changing rate has room for]
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) requests: Option<usize>,

    /// Send nothing after so many seconds; what is in flight then is waited for
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub(crate) duration: Option<Duration>,

    /// Seed of the arrivals; the report holds it, and a hash of the schedule
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
}

/// How regularly requests arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spacing {
    /// As from independent users; with --burstiness, gamma-distributed gaps
    #[default]
    Poisson,
    /// At equal distances
    Constant,
    /// As `vllm bench serve` does it: gaps stretched so that the last request arrives at n / rate; not Poisson
    VllmRescaled,
}

/// How a rate changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ramp {
    /// By the same amount every second
    #[default]
    Linear,
    /// By the same factor every second
    Exponential,
}

/// What becomes of arrivals without a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhenFull {
    /// They wait for one, and the wait is in their scheduled latency
    #[default]
    Wait,
    /// They are dropped
    Drop,
}
