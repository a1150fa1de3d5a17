//! The shape of the load, from flags to the plan.

use rehearsal::load::{
    LoadPlanBuilder, OpenLoad, RateProfile, Spacing,
    arrivals::{Ramp, WhenFull},
};

use crate::{
    args::bench::{LoadFlags, RequestRate, flags},
    exit::Expected,
};

/// Requests of a run that nothing else ends.
const DEFAULT_REQUESTS: usize = 16;

/// Adds the load to a plan.
pub(super) fn apply(
    mut builder: LoadPlanBuilder,
    flags: &LoadFlags,
    recorded: Option<OpenLoad>,
) -> anyhow::Result<LoadPlanBuilder> {
    builder = builder.concurrency(flags.concurrency);
    if let Some(duration) = flags.duration {
        builder = builder.duration(duration);
    }
    let ends_by_itself = match &flags.request_rate {
        Some(rate) => matches!(rate, RequestRate::Ramp { .. } | RequestRate::Steps(_)),
        None => recorded.is_some(),
    };
    match flags.requests {
        Some(requests) => builder = builder.requests(requests),
        None if flags.duration.is_none() && !ends_by_itself => builder = builder.requests(DEFAULT_REQUESTS),
        None => {}
    }
    let mut load = match (&flags.request_rate, recorded) {
        (Some(rate), _) => at_rate(rate, flags)?,
        (None, Some(recorded)) => recorded,
        (None, None) if flags.max_concurrency.is_some() => {
            return Err(
                Expected::usage("--max-concurrency needs --request-rate or --trace; a closed loop has -c").into()
            );
        }
        (None, None) => return Ok(builder),
    };
    load = load.when_full(match flags.when_full {
        flags::WhenFull::Wait => WhenFull::Wait,
        flags::WhenFull::Drop => WhenFull::Drop,
    });
    if let Some(slots) = flags.max_concurrency {
        load = load.max_concurrency(slots);
    }
    Ok(builder.open_load(load))
}

fn at_rate(rate: &RequestRate, flags: &LoadFlags) -> anyhow::Result<OpenLoad> {
    let ramp = match flags.ramp {
        flags::Ramp::Linear => Ramp::Linear,
        flags::Ramp::Exponential => Ramp::Exponential,
    };
    let profile = match rate {
        RequestRate::Constant(rate) => RateProfile::constant(*rate),
        RequestRate::Ramp { from, to, over } => RateProfile::ramp(ramp, *from, *to, *over),
        RequestRate::Steps(steps) => RateProfile::steps(steps.iter().copied()),
    };
    let profile = profile.map_err(|error| Expected::usage(format!("--request-rate: {error}")))?;
    Ok(OpenLoad::at(profile).seed(flags.seed).spacing(spacing(flags)?))
}

fn spacing(flags: &LoadFlags) -> anyhow::Result<Spacing> {
    Ok(match (flags.arrivals, flags.burstiness) {
        (flags::Spacing::Constant, None) => Spacing::Constant,
        (flags::Spacing::Constant, Some(_)) => {
            return Err(Expected::usage("--burstiness: equal gaps have none; leave out --arrivals constant").into());
        }
        (flags::Spacing::Poisson, None) => Spacing::Poisson,
        (flags::Spacing::Poisson, Some(burstiness)) => Spacing::Gamma { burstiness },
        (flags::Spacing::VllmRescaled, burstiness) => Spacing::VllmRescaled { burstiness: burstiness.unwrap_or(1.0) },
    })
}
