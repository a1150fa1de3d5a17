//! What the candidates are asked: the flags' load, and the levels it is asked at.

use std::{fs, sync::Arc};

use rehearsal::{
    fake::{engine::Nanos, profile::ClientExtras},
    forecast::{Level, Load, Pattern, Prompts, Recorded, Traffic},
    load::workload::{Trace, TraceFormat},
};

use crate::{
    args::{ForecastArgs, ForecastLoadFlags},
    exit::Expected,
};

/// Lengths are drawn from this share of the most on.
const SHORTEST: f64 = 0.8;

/// A load and its levels.
pub(super) struct Requests {
    pub(super) traffic: Traffic,
    pub(super) levels: Vec<Level>,
}

impl Requests {
    pub(super) fn of(args: &ForecastArgs, client: Option<ClientExtras>) -> Result<Self, Expected> {
        let flags = &args.load;
        let mut client = client.unwrap_or_default();
        if let Some(seconds) = flags.think_seconds {
            if !(seconds.is_finite() && 0.0 <= seconds) {
                return Err(Expected::usage(format!("--think-seconds must be a finite number >= 0, got {seconds}")));
            }
            client.turnaround = Nanos::from_millis_f64(seconds * 1e3);
        }
        if flags.trace.is_some() {
            return Self::recorded(flags, client);
        }
        if let Some(rate) = flags.rate.iter().find(|rate| !(rate.is_finite() && 0.0 < **rate)) {
            return Err(Expected::usage(format!(
                "--rate must be a finite number > 0 of requests a second, got {rate}"
            )));
        }
        let Some(first) = flags.concurrency.first() else {
            return Err(Expected::usage("--concurrency names no level; write 1,2,4"));
        };
        let load = Load {
            prompt_tokens: flags.prompt_tokens,
            output_tokens: flags.output_tokens,
            shortest: SHORTEST,
            prompts: prompts(flags)?,
            pattern: Pattern::Closed(*first),
            requests: Load::waves(*first),
            client,
            seed: 0,
        };
        let users = flags.concurrency.iter().map(|users| Level::Users(*users));
        let rates = flags.rate.iter().map(|rate| Level::Rate(*rate));
        let levels = if flags.rate.is_empty() { users.collect() } else { rates.collect() };
        Ok(Self { traffic: Traffic::Load(load), levels })
    }

    fn recorded(flags: &ForecastLoadFlags, client: ClientExtras) -> Result<Self, Expected> {
        let Some(path) = &flags.trace else { return Err(Expected::usage("no trace")) };
        let wrong = |error: &dyn std::fmt::Display| Expected::usage(format!("trace `{}`: {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let format = TraceFormat::detect(&text).map_err(|error| wrong(&error))?;
        let trace = Trace::read(&text, format).map_err(|error| wrong(&error))?;
        if let Some(speed) = flags.trace_speed.iter().find(|speed| !(speed.is_finite() && 0.0 < **speed)) {
            return Err(Expected::usage(format!("--trace-speed must be a finite number > 0, got {speed}")));
        }
        let levels = flags.trace_speed.iter().map(|speed| Level::Speed(*speed)).collect();
        Ok(Self { traffic: Traffic::Recorded(Recorded::new(Arc::new(trace), 1.0, client)), levels })
    }

    /// What is asked, in words.
    pub(super) fn words(flags: &ForecastLoadFlags) -> String {
        if let Some(path) = &flags.trace {
            return format!("Requests of {}, as fast as they came times the first column", path.display());
        }
        let (prompt, output) = (flags.prompt_tokens, flags.output_tokens);
        let what = if let Some(turns) = flags.turns {
            format!(
                "conversations of {turns} turns: up to {prompt} tokens in, up to {} more at each further turn, up to {output} out",
                flags.message_tokens
            )
        } else if let Some(share) = flags.shared_prefix {
            let groups = flags.prefix_groups;
            format!("up to {prompt} tokens in, {share} of them shared in {groups} group(s), up to {output} out")
        } else {
            format!("up to {prompt} tokens in, up to {output} out, no two prompts alike")
        };
        if flags.rate.is_empty() {
            format!("Users at once, each sends when answered; {what}")
        } else {
            format!("Requests a second from independent users (Poisson); {what}")
        }
    }

    /// The head of the column of levels.
    pub(super) fn unit(flags: &ForecastLoadFlags) -> &'static str {
        match (&flags.trace, flags.rate.is_empty()) {
            (Some(_), _) => "speed",
            (None, true) => "users",
            (None, false) => "requests/s",
        }
    }
}

fn prompts(flags: &ForecastLoadFlags) -> Result<Prompts, Expected> {
    if let Some(turns) = flags.turns {
        return Ok(Prompts::Conversations { turns, message_tokens: flags.message_tokens });
    }
    match flags.shared_prefix {
        None => Ok(Prompts::Unique),
        Some(share) if (0.0..=1.0).contains(&share) => Ok(Prompts::Shared { share, groups: flags.prefix_groups }),
        Some(share) => Err(Expected::usage(format!("--shared-prefix must be from 0 to 1, got {share}"))),
    }
}
