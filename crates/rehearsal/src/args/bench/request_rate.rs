//! The small language of `--request-rate`.

use std::{str::FromStr, time::Duration};

use super::super::seconds::parse_seconds;

/// A request rate over time, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RequestRate {
    /// `8`
    Constant(f64),
    /// `2..20@60`
    Ramp { from: f64, to: f64, over: Duration },
    /// `5@30,10@30`
    Steps(Vec<(f64, Duration)>),
}

impl FromStr for RequestRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('@') {
            return match text.split_once("..") {
                Some(_) => Err(format!("the ramp `{text}` has no length; write it like {text}@60")),
                None => number(text).map(Self::Constant),
            };
        }
        let phases: Vec<(&str, Duration)> = text.split(',').map(phase).collect::<Result<_, _>>()?;
        if let [(rates, over)] = phases[..]
            && let Some((from, to)) = rates.split_once("..")
        {
            return Ok(Self::Ramp { from: number(from)?, to: number(to)?, over });
        }
        let steps = phases.into_iter().map(|(rate, over)| number(rate).map(|rate| (rate, over)));
        steps.collect::<Result<_, _>>().map(Self::Steps)
    }
}

fn phase(text: &str) -> Result<(&str, Duration), String> {
    let (rate, seconds) = text
        .split_once('@')
        .ok_or_else(|| format!("the step `{text}` has no length; write it like {text}@30, for 30 seconds"))?;
    Ok((rate, parse_seconds(seconds)?))
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| {
        format!("`{text}` is no request rate; write 8, a ramp like 2..20@60 or steps like 5@30,10@30, in requests per second")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: RequestRate) {
        assert_eq!(text.parse(), Ok(expect), "{text}");
    }

    #[test]
    fn a_rate_is_a_number_a_ramp_or_steps() {
        let seconds = Duration::from_secs;
        check("8", RequestRate::Constant(8.0));
        check("0.5", RequestRate::Constant(0.5));
        check("2..20@60", RequestRate::Ramp { from: 2.0, to: 20.0, over: seconds(60) });
        check("5@30", RequestRate::Steps(vec![(5.0, seconds(30))]));
        check("5@30,10@60", RequestRate::Steps(vec![(5.0, seconds(30)), (10.0, seconds(60))]));
    }

    #[test]
    fn what_is_none_is_quoted() {
        for (text, quoted) in
            [("fast", "`fast`"), ("2..20", "2..20@60"), ("5@30,10", "10@30"), ("5@0", "`0`"), ("1..2@3,4@5", "`1..2`")]
        {
            let message = text.parse::<RequestRate>().unwrap_err();
            assert!(message.contains(quoted), "{text}: {message}");
        }
    }
}
