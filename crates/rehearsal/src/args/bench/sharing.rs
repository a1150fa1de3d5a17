//! Several generators that make one run together.

use clap::Args;
use jiff::Timestamp;
use rehearsal::load::Shard;

/// Which part of a run this process is, and when all parts begin.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Several generators")]
pub(crate) struct SharingFlags {
    /// Send only this part of the requests, with this part of the workers or slots: 0/4 to 3/4 are four generators, each
    /// given the same flags otherwise; `rehearsal merge` makes one run of their --jsonl logs
    #[arg(long, value_name = "NUMBER/OF", conflicts_with_all = ["sweep", "search"])]
    pub(crate) shard: Option<Shard>,

    /// Begin at this time, after the warm-up, so that several generators begin together: 2026-03-01T12:00:00Z, or seconds
    /// since 1970; their clocks must agree
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with_all = ["fake", "sweep", "search"])]
    pub(crate) start_at: Option<Timestamp>,
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds.or_else(|| text.parse().ok()).ok_or_else(|| {
        format!("`{text}` is no time; write it like 2026-03-01T12:00:00Z, or as whole seconds since 1970")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_or_seconds_since_1970() {
        let expect = Timestamp::from_second(1_772_366_400).unwrap();
        for text in ["1772366400", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"] {
            assert_eq!(parse_time(text), Ok(expect), "{text}");
        }
        assert!(parse_time("noon").unwrap_err().contains("noon"));
    }
}
