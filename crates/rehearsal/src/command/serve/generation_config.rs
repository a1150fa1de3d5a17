//! `--generation-config` and `--override-generation-config`: what requests get that leave a parameter out.

use std::{fs, path::Path};

use rehearsal::fake::api::GenerationDefaults;
use serde_json::{Map, Value};

use super::model_flags;
use crate::{args::ServeArgs, exit::Expected};

const FILE: &str = "generation_config.json";

/// The defaults of the model's file, or of the folder that is named, with those of the command line over them.
///
/// The ceiling is what the command line says of `max_new_tokens`, or the file that it names (`override_max_tokens` in 0.32.0's
/// `entrypoints/openai/chat_completion/serving.py`).
pub(super) fn defaults(args: &ServeArgs) -> Result<GenerationDefaults, Expected> {
    let named = match args.models.generation_config.as_str() {
        "auto" | "vllm" => None,
        folder => Some(Path::new(folder)),
    };
    let mut config = match (named, args.models.generation_config.as_str()) {
        (Some(folder), _) => read(folder)?,
        // a model of the hub has a file, too, but not here
        (None, "auto") if Path::new(&args.model).join(FILE).is_file() => read(Path::new(&args.model))?,
        _ => Map::new(),
    };
    let over = match &args.models.override_generation_config {
        Some(written) => model_flags::object("--override-generation-config", written)?,
        None => Map::new(),
    };
    config.extend(over.clone());
    let defaults = GenerationDefaults::of(&config);
    let ceiling = if named.is_some() { defaults.max_tokens } else { GenerationDefaults::of(&over).max_tokens };
    Ok(GenerationDefaults { ceiling, ..defaults })
}

fn read(folder: &Path) -> Result<Map<String, Value>, Expected> {
    let path = folder.join(FILE);
    let unusable = |error: &dyn std::fmt::Display| {
        Expected::usage(format!("--generation-config: {}: {error}; name a folder that holds a {FILE}", path.display()))
    };
    let text = fs::read_to_string(&path).map_err(|error| unusable(&error))?;
    serde_json::from_str(&text).map_err(|error| unusable(&error))
}
