//! `rehearsal calibrate`: from measured runs to profiles, with what they do not say.

mod inputs;
mod outcome;
mod table;

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context;
use rehearsal::calibrate::{Setup, rental_script};

use self::outcome::Outcome;
use super::setup;
use crate::{
    args::{CalibrateArgs, Format, KvCacheDtype},
    exit::{Exit, Expected},
    render,
};

pub(crate) fn run(args: &CalibrateArgs) -> anyhow::Result<Exit> {
    let setup = setup::setup(&args.setup)?.ok_or_else(|| {
        Expected::usage(
            "say what is calibrated: --gpu NAME and --model config.json; `rehearsal calibrate --help` has examples",
        )
    })?;
    if args.plan {
        plan(args, &setup)?;
        return Ok(Exit::Ok);
    }
    let rows = inputs::measured(args)?;
    let configurations: BTreeSet<u32> = rows.iter().map(|row| row.tensor_parallel).collect();
    let mut outcomes = Vec::new();
    for tensor_parallel in configurations {
        outcomes.push(Outcome::of(&setup, tensor_parallel, &rows, args)?);
    }
    match args.format {
        Format::Text => render::result(table::text(&setup, &rows, &outcomes)),
        Format::Json => {
            let document = outcome::document(&rows, &outcomes);
            render::result(serde_json::to_string_pretty(&document).context("calibration as JSON")?);
        }
    }
    if let Some(folder) = &args.out {
        write(folder, &setup, &outcomes)?;
    }
    Ok(Exit::Ok)
}

fn plan(args: &CalibrateArgs, setup: &Setup) -> Result<(), Expected> {
    for ranks in &args.tensor_parallel {
        setup.belief(*ranks).map_err(Expected::usage)?;
    }
    let dtype = (args.setup.kv_cache_dtype == KvCacheDtype::Fp8).then(|| "--kv-cache-dtype fp8".to_owned());
    let longest = args.setup.max_model_len.map(|tokens| format!("--max-model-len {tokens}"));
    let seqs = args.setup.max_num_seqs.map(|count| format!("--max-num-seqs {count}"));
    let share = Some(format!("--gpu-memory-utilization {}", args.setup.gpu_memory_utilization));
    let flags: Vec<String> = [dtype, longest, seqs, share].into_iter().flatten().collect();
    render::result(rental_script(&setup.model.name, &flags.join(" "), &args.tensor_parallel));
    Ok(())
}

fn write(folder: &Path, setup: &Setup, outcomes: &[Outcome]) -> Result<(), Expected> {
    let unusable = |path: &Path, error: std::io::Error| Expected::usage(format!("`{}`: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| unusable(folder, error))?;
    for outcome in outcomes {
        let path = folder.join(format!("{}.toml", outcome.provenance.name));
        let text =
            setup.profile_text(outcome.fit.tensor_parallel, &outcome.fit.posterior.coefficients, &outcome.provenance);
        fs::write(&path, text).map_err(|error| unusable(&path, error))?;
        render::note(format!("wrote {}", path.display()));
    }
    Ok(())
}
