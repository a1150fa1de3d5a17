//! The rows in the files that the arguments name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rehearsal::{
    calibrate::{Role, Row, Unsaid, rows, table},
    fake::{engine::Nanos, profile::ClientExtras},
    forecast::Prompts,
};

use crate::{
    args::{CalibrateArgs, Measured, PromptKind},
    exit::Expected,
};

/// All rows of all files.
pub(super) fn measured(args: &CalibrateArgs) -> Result<Vec<Row>, Expected> {
    let client = ClientExtras {
        turnaround: Nanos::from_millis_f64(args.turnaround_ms),
        stagger: Nanos::from_millis_f64(args.stagger_ms),
        api_overhead: Nanos::from_millis_f64(args.api_overhead_ms),
    };
    let prompts = args.prompts.map(|kind| match kind {
        PromptKind::Same => Prompts::Same,
        PromptKind::Unique => Prompts::Unique,
    });
    let spread = args.length_spread;
    if !(0.0..1.0).contains(&spread) {
        return Err(Expected::usage(format!(
            "--length-spread must be >= 0 and < 1, got {spread}; 0.2 is a fifth either way"
        )));
    }
    let mut all = Vec::new();
    for (role, files) in [(Role::Fit, &args.fit), (Role::Holdout, &args.holdout)] {
        for Measured { tensor_parallel, path } in files {
            let unsaid = Unsaid { tensor_parallel: *tensor_parallel, role, prompts, spread, client };
            for file in files_of(path)? {
                let origin = file.display().to_string();
                all.extend(rows(&read(&file)?, &origin, unsaid).map_err(Expected::usage)?);
            }
        }
    }
    for file in &args.table {
        all.extend(table(&read(file)?, &file.display().to_string(), client).map_err(Expected::usage)?);
    }
    if all.iter().any(|row| row.role == Role::Fit) {
        return Ok(all);
    }
    Err(Expected::usage("there is nothing to fit; give measured runs with --fit TP=FILE or --table, or ask for --plan"))
}

/// The file itself, or the JSON files of a folder in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Expected> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unusable = |error: &dyn std::fmt::Display| Expected::usage(format!("folder `{}`: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unusable(&error))? {
        let file = entry.map_err(|error| unusable(&error))?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(unusable(&"no .json file in it"));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Expected> {
    fs::read_to_string(path).map_err(|error| Expected::usage(format!("`{}`: {error}", path.display())))
}
