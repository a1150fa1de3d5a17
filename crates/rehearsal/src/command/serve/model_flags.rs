//! The flags of adapters and images, as the fake's own types.

use std::path::PathBuf;

use rehearsal::fake::api::LoraModule;
use serde_json::{Map, Value};

use crate::{args::ModelFlags, exit::Expected};

/// The adapters that are there from the start.
pub(super) fn adapters(flags: &ModelFlags) -> Result<Vec<LoraModule>, Expected> {
    if !flags.lora_modules.is_empty() && !flags.enable_lora {
        return Err(Expected::refused("LoRA is not enabled. Use --enable-lora to enable LoRA."));
    }
    flags.lora_modules.iter().map(|written| adapter(written)).collect()
}

/// `NAME=PATH` where there is an equals sign and no comma, else JSON (`LoRAParserAction`, `entrypoints/openai/cli_args.py`).
fn adapter(written: &str) -> Result<LoraModule, Expected> {
    let unfit = || {
        Expected::usage(format!(
            "--lora-modules {written}: write NAME=PATH, or JSON such as '{{\"name\": \"a\", \"path\": \"/adapters/a\"}}'"
        ))
    };
    if let Some((name, path)) = written.split_once('=').filter(|_| !written.contains(',')) {
        return Ok(LoraModule { name: name.to_owned(), path: path.to_owned() });
    }
    let object: Map<String, Value> = serde_json::from_str(written).map_err(|_| unfit())?;
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(unfit);
    Ok(LoraModule { name: text("name")?, path: text("path")? })
}

/// Images that one prompt may hold: a number, or an object with a `count`.
pub(super) fn max_images(flags: &ModelFlags) -> Result<Option<u32>, Expected> {
    let Some(written) = &flags.limit_mm_per_prompt else { return Ok(None) };
    let limits = object("--limit-mm-per-prompt", written)?;
    let Some(limit) = limits.get("image") else { return Ok(None) };
    // an object without a count has vLLM's default of 999 (`config/multimodal.py`, `BaseDummyOptions`)
    let count = limit.as_object().map_or(Some(limit), |options| options.get("count"));
    let Some(count) = count else { return Ok(None) };
    let count = count.as_u64().and_then(|count| u32::try_from(count).ok()).ok_or_else(|| {
        Expected::usage(format!(
            "--limit-mm-per-prompt {written}: the images must be a number, such as {{\"image\": 2}}"
        ))
    })?;
    Ok(Some(count))
}

/// How images are processed.
pub(super) fn processing(flags: &ModelFlags) -> Result<Map<String, Value>, Expected> {
    match &flags.mm_processor_kwargs {
        Some(written) => object("--mm-processor-kwargs", written),
        None => Ok(Map::new()),
    }
}

/// The folder of images, which must be one.
pub(super) fn local_media(flags: &ModelFlags) -> Result<Option<PathBuf>, Expected> {
    // vLLM's own default is an empty text
    let Some(path) = flags.allowed_local_media_path.as_ref().filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    if !path.is_dir() {
        let message = format!("--allowed-local-media-path {}: it is no folder; name one", path.display());
        return Err(Expected::usage(message));
    }
    Ok(Some(path))
}

/// A JSON object.
pub(super) fn object(flag: &str, written: &str) -> Result<Map<String, Value>, Expected> {
    serde_json::from_str(written)
        .map_err(|_| Expected::usage(format!("{flag} {written}: write a JSON object, such as '{{\"key\": 1}}'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_are_named_in_two_ways() {
        let module = |name: &str, path: &str| Some(LoraModule { name: name.to_owned(), path: path.to_owned() });
        assert_eq!(adapter("sql=/a/b=c").ok(), module("sql", "/a/b=c"));
        let json = r#"{"name": "sql", "path": "/a=b", "base_model_name": "m"}"#;
        assert_eq!(adapter(json).ok(), module("sql", "/a=b"));
        assert_eq!(adapter("sql").ok(), None);
        assert_eq!(adapter(r#"{"name": "sql", "rank": 2}"#).ok(), None);
    }

    #[test]
    fn the_limit_of_images_is_a_number_or_has_a_count() {
        let limit = |written: &str| {
            let flags = ModelFlags {
                generation_config: "auto".to_owned(),
                override_generation_config: None,
                enable_lora: false,
                lora_modules: Vec::new(),
                limit_mm_per_prompt: Some(written.to_owned()),
                mm_processor_kwargs: None,
                trust_request_mm_kwargs: false,
                allowed_local_media_path: None,
            };
            max_images(&flags).map_err(|error| error.to_string())
        };
        assert_eq!(limit(r#"{"image": 2, "video": 1}"#), Ok(Some(2)));
        assert_eq!(limit(r#"{"image": {"count": 3, "width": 64}}"#), Ok(Some(3)));
        assert_eq!(limit(r#"{"image": {"width": 64}}"#), Ok(None));
        assert_eq!(limit(r#"{"video": 0}"#), Ok(None));
        assert!(limit(r#"{"image": "two"}"#).unwrap_err().contains("must be a number"));
    }
}
