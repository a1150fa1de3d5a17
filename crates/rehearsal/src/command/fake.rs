//! What the commands that run the fake share: its profile, its tokenizer.

use std::{fs, io::Read, path::Path};

use anyhow::Context;
use rehearsal::fake::{profile::Profile, tokenizer::Tokenizer};

use crate::exit::Expected;

/// The report's model, and the fake's where none is named.
pub(crate) const REPORT_MODEL: &str = "RedHatAI/Qwen2.5-VL-72B-Instruct-FP8-dynamic";

const QWEN2_5_TOKENIZER: &[u8] = include_bytes!("../../../../fixtures/tokenizers/qwen2.5/tokenizer.json.gz");

/// The profile with this built-in name, or in this TOML file.
pub(crate) fn profile(name_or_file: &str) -> anyhow::Result<Profile> {
    let path = Path::new(name_or_file);
    let is_file = path.extension().is_some_and(|extension| extension == "toml");
    let profile = if is_file {
        let text =
            fs::read_to_string(path).map_err(|error| Expected::usage(format!("profile `{name_or_file}`: {error}")))?;
        Profile::from_toml(&text, name_or_file)
    } else {
        Profile::builtin(name_or_file)
    };
    profile.map_err(|error| Expected::usage(error).into())
}

/// The tokenizer in this file; else Qwen2.5's for its models, and one token a byte for the others.
pub(crate) fn tokenizer(file: Option<&Path>, model: &str) -> anyhow::Result<Tokenizer> {
    if let Some(path) = file {
        let unusable =
            |error: &dyn std::fmt::Display| Expected::usage(format!("tokenizer `{}`: {error}", path.display()));
        let json = fs::read(path).map_err(|error| unusable(&error))?;
        return Tokenizer::from_json(&json).map_err(|error| unusable(&error).into());
    }
    if !model.to_lowercase().contains("qwen2.5") {
        return Ok(Tokenizer::byte_level());
    }
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(QWEN2_5_TOKENIZER).read_to_end(&mut json).context("built-in tokenizer")?;
    Tokenizer::from_json(&json).context("built-in tokenizer")
}
