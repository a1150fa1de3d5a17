use std::time::Duration;

use clap::Args;

use super::{Format, seconds::parse_seconds};

const EXAMPLES: &str = "\
Examples:
  rehearsal self-test                                    64 requests at a time, a token every 20 ms
  rehearsal self-test --concurrency 256 --itl 0.01       the load you are about to measure
  rehearsal self-test --format json > accuracy.json      to keep beside the results

The generator measures the fake over loopback, every token of all streams at the same instants, as a batch brings them. The fake
knows when it took each request and when it handed each token to its connection. What is printed is the whole error between
the two: sockets, HTTP, and the generator. How late the fake itself was is printed apart.
Exit code 5 when the median bias of TTFT or ITL is 0.3 ms or more, or a 99th percentile of the errors 2 ms or more; use a release
build on a machine that is otherwise idle.
";

/// Arguments of `rehearsal self-test`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SelfTestArgs {
    /// Requests in flight at any moment
    #[arg(long, short = 'c', value_name = "N", default_value_t = 64)]
    pub(crate) concurrency: usize,

    /// Requests in all [default: five for each of the concurrency]
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) requests: Option<usize>,

    /// Tokens of a reply
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) tokens: u32,

    /// Time between two tokens, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.02", value_parser = parse_seconds)]
    pub(crate) itl: Duration,

    /// How to print the result
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
