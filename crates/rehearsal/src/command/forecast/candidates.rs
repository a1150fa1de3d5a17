//! What could be rented: every way to put the model on the machines that were named, and whether it would start there.

use std::num::NonZeroUsize;

use anyhow::Context;
use rehearsal::{
    calibrate::{Belief, Setup},
    fake::{
        engine::EngineConfig,
        profile::{MemoryFacts, MemoryPlan, Profile, Remedy, StartRefusal, describe::Gpu},
    },
    forecast::{Deployment, Ensemble, PriceList, Size},
};
use serde_json::{Value, json};

use super::{super::fake, offers::price_list, requests::Requests, too_small};
use crate::{args::ForecastArgs, command::setup, exit::Expected};

/// The model that is believed less than a built-in profile's own, for those that have one.
const ALTERNATIVES: [(&str, &str); 4] = [
    ("report-tp1", "rtxpro6000-72b-fp8-roofline-tp1"),
    ("report-tp2", "rtxpro6000-72b-fp8-roofline-tp2"),
    ("rtxpro6000-72b-fp8-tp1", "rtxpro6000-72b-fp8-roofline-tp1"),
    ("rtxpro6000-72b-fp8-tp2", "rtxpro6000-72b-fp8-roofline-tp2"),
];

/// Everything that was asked about.
pub(super) struct Candidates {
    pub(super) heading: String,
    /// What the bands are.
    pub(super) basis: &'static str,
    pub(super) configurations: Vec<Configuration>,
    pub(super) all: Vec<Candidate>,
}

/// A model split in one way on one kind of machine.
pub(super) struct Configuration {
    pub(super) title: String,
    pub(super) tensor_parallel: u32,
    pub(super) pipeline_parallel: u32,
    pub(super) weights_gib: f64,
    pub(super) max_model_len: u32,
    pub(super) start: Result<Option<MemoryPlan>, (StartRefusal, Vec<Remedy>)>,
}

/// A deployment that would start, and the traffic for it.
pub(super) struct Candidate {
    pub(super) deployment: Deployment,
    pub(super) size: Option<Size>,
    pub(super) requests: Requests,
}

const NOTHING_MEASURED: &str = "nothing was measured: in brackets what datasheets leave open (95 %). Such forecasts are off by 36 % in \
                                the median; `rehearsal calibrate --plan` says what to measure";
const DERIVED: &str =
    "in brackets what the measurement, and what follows from it for other numbers of GPUs, leaves open (95 %)";
const OF_PROFILES: &str = "in brackets what is known of the profile's own error (95 %, or what another model spans that fits as well); where there are none, nothing is known";

impl Candidates {
    pub(super) fn of(args: &ForecastArgs) -> anyhow::Result<Self> {
        let prices = price_list(args).map_err(Expected::usage)?;
        let sizes = args.machine.size.iter().map(|name| prices.size(name).cloned().map_err(Expected::usage));
        let sizes: Vec<Size> = sizes.collect::<Result<_, _>>()?;
        if let Some(withdrawal) = sizes.iter().find_map(Size::withdrawal) {
            return Err(Expected::usage(withdrawal).into());
        }
        if args.profile.is_empty() {
            Self::described(args, &prices, &sizes)
        } else {
            Self::profiled(args, &prices, &sizes)
        }
    }

    fn described(args: &ForecastArgs, prices: &PriceList, sizes: &[Size]) -> anyhow::Result<Self> {
        let mut machines: Vec<(Setup, Option<Size>)> = Vec::new();
        if let Some(setup) = setup::setup(&args.setup)? {
            machines.push((setup, None));
        }
        for size in sizes {
            let gpu = size.described_gpu().map_err(|error| Expected::usage(format!("{}: {error}", size.name)))?;
            let link = args.setup.link.clone().or(size.link.clone()).unwrap_or_else(|| gpu.link_name.clone());
            machines.push((setup::on(&args.setup, gpu, &link)?, Some(size.clone())));
        }
        let (first, _) = machines.first().context("a machine was named")?;
        let mut names: Vec<&str> = machines.iter().map(|(setup, _)| setup.gpu.name.as_str()).collect();
        names.dedup();
        let heading = format!("{} on {}", first.model.name, names.join(", "));
        let measured = args.machine.measured.as_deref().map(fake::profile).transpose()?;
        let basis = if measured.is_some() { DERIVED } else { NOTHING_MEASURED };
        let mut candidates = Self { heading, basis, configurations: Vec::new(), all: Vec::new() };
        for (setup, size) in &machines {
            for tensor_parallel in splits(args, setup, size.as_ref())? {
                candidates.add(args, prices, setup, size.as_ref(), tensor_parallel, measured.as_ref())?;
            }
        }
        if candidates.all.is_empty() && !sizes.is_empty() {
            let refused = candidates.configurations.iter().map(|it| format!("{}: {}", it.title, it.verdict()));
            let refused: Vec<String> = refused.collect();
            return Err(too_small::refusal(args, prices, &refused)?.into());
        }
        Ok(candidates)
    }

    fn add(
        &mut self,
        args: &ForecastArgs,
        prices: &PriceList,
        setup: &Setup,
        size: Option<&Size>,
        tensor_parallel: u32,
        measured: Option<&Profile>,
    ) -> anyhow::Result<()> {
        let stages = args.machine.pipeline_parallel;
        let belief = match measured {
            Some(profile) => derived(setup, profile, tensor_parallel)?,
            None => setup.belief(tensor_parallel).map_err(Expected::usage)?,
        };
        let belief = belief.over_stages(stages.get(), &setup.link, setup.model.hidden_size);
        let mut profile = setup.profile(tensor_parallel, &belief.coefficients).map_err(Expected::usage)?;
        let facts = profile.memory.as_ref().context("a description knows its memory")?.stage(stages);
        if 1 < stages.get() && setup.max_model_len.is_none() {
            // a stage has room for longer requests than the whole model has
            profile.engine.max_model_len = 1;
            let room =
                facts.kv_plan(tensor_parallel, &profile.engine).map_or(u64::from(u32::MAX), |plan| plan.kv_tokens);
            profile.engine.max_model_len = u32::try_from(room).unwrap_or(u32::MAX).min(setup.model.max_model_len);
        }
        profile.memory = Some(facts.clone());
        let split = split_name(tensor_parallel, stages.get());
        let on = size.map_or_else(|| setup.gpu.name.clone(), |size| size.short_name().to_owned());
        let start = plan(&facts, &profile, tensor_parallel);
        let starts = start.is_ok();
        self.configurations.push(Configuration {
            title: format!("{split}, {on}"),
            tensor_parallel,
            pipeline_parallel: stages.get(),
            weights_gib: facts.weights_gib / f64::from(tensor_parallel),
            max_model_len: profile.engine.max_model_len,
            start: start.map(Some),
        });
        if !starts {
            return Ok(());
        }
        let mut engine = profile.engine_config().map_err(Expected::usage)?;
        // the batches of all stages share the cache and the limit of requests
        engine.num_gpu_blocks = (engine.num_gpu_blocks / stages.get()).max(2);
        engine.max_num_seqs = engine.max_num_seqs.div_ceil(stages.get());
        let ensemble = belief.ensemble(&engine);
        let ensemble = if args.machine.no_enable_prefix_caching { ensemble.without_prefix_caching() } else { ensemble };
        let gpus = tensor_parallel * stages.get();
        for replicas in replicas(args, size, gpus)? {
            let split = (tensor_parallel, stages.get());
            self.all.push(candidate(args, prices, size, split, replicas, ensemble.clone(), None)?);
        }
        Ok(())
    }

    fn profiled(args: &ForecastArgs, prices: &PriceList, sizes: &[Size]) -> anyhow::Result<Self> {
        let mut titles = Vec::new();
        let mut candidates =
            Self { heading: String::new(), basis: OF_PROFILES, configurations: Vec::new(), all: Vec::new() };
        for name in &args.profile {
            let mut profile = fake::profile(name)?;
            let plan = profile
                .start_plan()
                .map_err(|refusal| Expected::refused(format!("profile {}: {refusal}", profile.name)))?;
            // charged once a start, so it is no part of what a service does
            profile.cold_stall = None;
            titles.push(profile.title.clone());
            candidates.configurations.push(Configuration {
                title: profile.name.clone(),
                tensor_parallel: profile.tensor_parallel,
                pipeline_parallel: 1,
                weights_gib: profile.memory.as_ref().map_or(0.0, |facts| facts.weights_gib)
                    / f64::from(profile.tensor_parallel),
                max_model_len: profile.engine.max_model_len,
                start: Ok(plan),
            });
            let ensemble = with_alternative(&profile, args)?;
            let sizes: Vec<Option<&Size>> =
                if sizes.is_empty() { vec![None] } else { sizes.iter().map(Some).collect() };
            for size in sizes {
                if let Some(size) = size {
                    check_gpu(&profile, size)?;
                }
                for replicas in replicas(args, size, profile.tensor_parallel)? {
                    let split = (profile.tensor_parallel, 1);
                    candidates.all.push(candidate(
                        args,
                        prices,
                        size,
                        split,
                        replicas,
                        ensemble.clone(),
                        Some(&profile),
                    )?);
                }
            }
        }
        candidates.heading = titles.join("\n");
        Ok(candidates)
    }
}

impl Configuration {
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
        let plan = self.start.as_ref().ok().and_then(Option::as_ref);
        let remedies =
            self.start.as_ref().err().map(|(_, remedies)| remedies.iter().map(ToString::to_string).collect::<Vec<_>>());
        json!({
            "title": self.title, "tensor_parallel": self.tensor_parallel, "pipeline_parallel": self.pipeline_parallel,
            "weights_gib_per_gpu": self.weights_gib, "max_model_len": self.max_model_len,
            "kv_cache_gib": plan.map(|plan| plan.kv_cache_gib), "kv_tokens": plan.map(|plan| plan.kv_tokens),
            "max_concurrency": plan.map(|plan| plan.max_concurrency),
            "starts": self.start.is_ok(), "verdict": self.verdict(), "remedies": remedies,
        })
    }
}

fn plan(
    facts: &MemoryFacts,
    profile: &Profile,
    tensor_parallel: u32,
) -> Result<MemoryPlan, (StartRefusal, Vec<Remedy>)> {
    facts
        .plan(tensor_parallel, &profile.engine)
        .map_err(|refusal| (refusal, facts.remedies(tensor_parallel, &profile.engine)))
}

/// So many engines, on the whole of a size where there is one.
fn candidate(
    args: &ForecastArgs,
    prices: &PriceList,
    size: Option<&Size>,
    (tensor_parallel, pipeline_parallel): (u32, u32),
    replicas: NonZeroUsize,
    engine: Ensemble,
    profile: Option<&Profile>,
) -> Result<Candidate, Expected> {
    let split = split_name(tensor_parallel, pipeline_parallel);
    let engines = if replicas.get() == 1 { split } else { format!("{replicas} x {split}") };
    let on = size.map(|size| size.short_name().to_owned()).or(profile.map(|profile| profile.name.clone()));
    let title = on.map_or(engines.clone(), |on| format!("{engines}, {on}"));
    let price = size.and_then(|size| prices.price(size)).cloned();
    let requests = Requests::of(args, profile.map(|profile| profile.client))?;
    let deployment = Deployment { title, tensor_parallel, pipeline_parallel, replicas, engine, price };
    Ok(Candidate { deployment, size: size.cloned(), requests })
}

/// Numbers of GPUs that each layer is split over.
fn splits(args: &ForecastArgs, setup: &Setup, size: Option<&Size>) -> Result<Vec<u32>, Expected> {
    let (asked, stages) = (&args.machine.tensor_parallel, args.machine.pipeline_parallel.get());
    let Some(size) = size else {
        return Ok(if asked.is_empty() { vec![1, 2] } else { asked.clone() });
    };
    let gpus = size.whole_gpus();
    if size.gpus < 1.0 && (1 < stages || asked.iter().any(|ranks| 1 < *ranks)) {
        return Err(Expected::usage(format!(
            "{} has {} of a GPU, and parts of GPUs (MIG, vGPU) cannot be joined: they have no peer-to-peer access; leave \
             --tensor-parallel and --pipeline-parallel out, or take a size with whole GPUs",
            size.name, size.gpus
        )));
    }
    if asked.is_empty() {
        let fits = |ranks: &u32| gpus.is_multiple_of(ranks * stages) && setup.model.check_split(*ranks).is_ok();
        let all: Vec<u32> = (1..=gpus).filter(|ranks| ranks.is_power_of_two()).filter(fits).collect();
        if all.is_empty() {
            return Err(Expected::usage(format!(
                "{stages} stages do not divide the {gpus} GPUs of {}; give a --pipeline-parallel that does",
                size.name
            )));
        }
        return Ok(all);
    }
    match asked.iter().find(|ranks| **ranks == 0 || !gpus.is_multiple_of(**ranks * stages)) {
        Some(ranks) => Err(Expected::usage(format!(
            "TP={ranks} x PP={stages} does not divide the {gpus} GPUs of {}; give a --tensor-parallel that does",
            size.name
        ))),
        None => Ok(asked.clone()),
    }
}

/// Copies of the model on a size; as asked without one.
fn replicas(args: &ForecastArgs, size: Option<&Size>, gpus: u32) -> Result<Vec<NonZeroUsize>, Expected> {
    let Some(size) = size else {
        let asked = &args.machine.replicas;
        return Ok(if asked.is_empty() { vec![NonZeroUsize::MIN] } else { asked.clone() });
    };
    let copies = NonZeroUsize::new((size.whole_gpus() / gpus) as usize);
    copies.map(|copies| vec![copies]).ok_or_else(|| {
        Expected::usage(format!("{} has {} GPUs, the engine takes {gpus}; take a larger size", size.name, size.gpus))
    })
}

/// What the measurement on one number of GPUs says of another.
fn derived(setup: &Setup, profile: &Profile, tensor_parallel: u32) -> Result<Belief, Expected> {
    if profile.gpu != setup.gpu.name {
        return Err(Expected::usage(format!(
            "profile {} was measured on {}, which says nothing of {}; measure there, or leave --measured out",
            profile.name, profile.gpu, setup.gpu.name
        )));
    }
    let measured = Belief::of_profile(profile).ok_or_else(|| {
        Expected::usage(format!(
            "profile {} is not of the linear form, so nothing can be derived from it; give one of `rehearsal calibrate --out`",
            profile.name
        ))
    })?;
    setup.derived(&measured, profile.tensor_parallel, tensor_parallel).map_err(Expected::usage)
}

fn with_alternative(profile: &Profile, args: &ForecastArgs) -> anyhow::Result<Ensemble> {
    let refused = |refusal: StartRefusal| Expected::refused(format!("profile {}: {refusal}", profile.name));
    let alternative = ALTERNATIVES.iter().find(|(name, _)| *name == profile.name);
    let ensemble = match alternative {
        None => Ensemble::of_profile(profile).map_err(refused)?,
        Some((_, other)) => {
            let other = Profile::builtin(other).with_context(|| format!("profile {other}"))?;
            let likely = profile.engine_config().map_err(refused)?;
            // the same engine with other steps
            let other = EngineConfig { step_time: other.step_time, ..likely.clone() };
            Ensemble::of_alternatives(likely, vec![other])
        }
    };
    Ok(if args.machine.no_enable_prefix_caching { ensemble.without_prefix_caching() } else { ensemble })
}

/// Refuses a profile on a machine with another GPU.
fn check_gpu(profile: &Profile, size: &Size) -> Result<(), Expected> {
    let gpu: Gpu = size.described_gpu().map_err(|error| Expected::usage(format!("{}: {error}", size.name)))?;
    if gpu.name == profile.gpu {
        return Ok(());
    }
    Err(Expected::usage(format!(
        "profile {} was measured on {}, {} has {}; take a size with that GPU, or describe the model with --model",
        profile.name, profile.gpu, size.name, gpu.name
    )))
}

fn split_name(tensor_parallel: u32, stages: u32) -> String {
    if stages == 1 { format!("TP={tensor_parallel}") } else { format!("TP={tensor_parallel} PP={stages}") }
}
