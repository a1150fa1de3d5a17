//! `forecast --gpu --model`: memory and throughput of something that nobody has measured, and how little that says.

use std::num::NonZeroUsize;

use rehearsal::{
    calibrate::{Fit, Setup},
    fake::profile::{MemoryPlan, Remedy, StartRefusal},
    forecast::{Band, Load, Pattern, Prompts},
};
use serde_json::{Value, json};

use crate::{args::ForecastArgs, exit::Expected};

/// Waves of a run, as of the report's.
const WAVES: usize = 4;
/// Requests of it at least.
const FEWEST_REQUESTS: usize = 8;

/// One number of GPUs.
pub(super) struct Described {
    pub(super) tensor_parallel: u32,
    pub(super) weights_gib: f64,
    pub(super) max_model_len: u32,
    pub(super) start: Result<MemoryPlan, (StartRefusal, Vec<Remedy>)>,
    /// Concurrency and output tokens a second; empty when it does not start.
    pub(super) forecasts: Vec<(NonZeroUsize, Band)>,
}

/// All numbers of GPUs that were asked for.
pub(super) fn described(args: &ForecastArgs, setup: &Setup) -> Result<Vec<Described>, Expected> {
    args.tensor_parallel.iter().map(|ranks| one(args, setup, *ranks)).collect()
}

fn one(args: &ForecastArgs, setup: &Setup, tensor_parallel: u32) -> Result<Described, Expected> {
    let belief = setup.belief(tensor_parallel).map_err(Expected::usage)?;
    let profile = setup.profile(tensor_parallel, &belief.coefficients).map_err(Expected::usage)?;
    let facts = profile.memory.as_ref().ok_or_else(|| Expected::usage("the profile says nothing of memory"))?;
    let start = facts
        .plan(tensor_parallel, &profile.engine)
        .map_err(|refusal| (refusal, facts.remedies(tensor_parallel, &profile.engine)));
    let mut forecasts = Vec::new();
    if start.is_ok() {
        let engine = profile.engine_config().map_err(Expected::usage)?;
        let fit = Fit::of(tensor_parallel, belief, &engine, &[]).map_err(Expected::usage)?;
        for concurrency in &args.concurrency {
            let load = Load {
                prompt_tokens: args.prompt_tokens,
                output_tokens: args.output_tokens,
                shortest: 0.8,
                prompts: Prompts::Unique,
                pattern: Pattern::Closed(*concurrency),
                requests: (concurrency.get() * WAVES).max(FEWEST_REQUESTS),
                client: rehearsal::fake::profile::ClientExtras::default(),
                seed: 0,
            };
            forecasts.push((*concurrency, fit.forecast(&engine, &load).map_err(Expected::usage)?));
        }
    }
    Ok(Described {
        tensor_parallel,
        weights_gib: facts.weights_gib / f64::from(tensor_parallel),
        max_model_len: profile.engine.max_model_len,
        start,
        forecasts,
    })
}

impl Described {
    /// The verdict of the start, with the remedy.
    pub(super) fn verdict(&self) -> String {
        match &self.start {
            Ok(_) => "starts".to_owned(),
            Err((refusal, remedies)) if remedies.is_empty() => {
                format!("refused: {refusal} No single flag would make it start.")
            }
            Err((refusal, remedies)) => {
                let remedies: Vec<String> = remedies.iter().map(ToString::to_string).collect();
                format!("refused: {refusal} It would start with {}.", remedies.join(", or with "))
            }
        }
    }

    pub(super) fn json(&self) -> Value {
        let plan = self.start.as_ref().ok();
        let remedies =
            self.start.as_ref().err().map(|(_, remedies)| remedies.iter().map(ToString::to_string).collect::<Vec<_>>());
        let forecasts =
            self.forecasts.iter().map(|(concurrency, band)| json!({"concurrency": concurrency, "output_tps": band}));
        json!({
            "tensor_parallel": self.tensor_parallel, "weights_gib_per_gpu": self.weights_gib,
            "max_model_len": self.max_model_len,
            "kv_cache_gib": plan.map(|plan| plan.kv_cache_gib), "kv_tokens": plan.map(|plan| plan.kv_tokens),
            "max_concurrency": plan.map(|plan| plan.max_concurrency),
            "starts": plan.is_some(), "verdict": self.verdict(), "remedies": remedies,
            "forecasts": forecasts.collect::<Vec<Value>>(),
        })
    }
}
