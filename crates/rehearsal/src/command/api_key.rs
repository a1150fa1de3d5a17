//! The API key: from a file or the environment, never from the command line, where others can read it.

use std::{env, fs, path::Path};

use crate::exit::Expected;

/// The key in the file, else the environment's `OPENAI_API_KEY`.
pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else {
        #[expect(clippy::disallowed_methods, reason = "the binary reads the environment")]
        let key = env::var("OPENAI_API_KEY").ok().filter(|key| !key.is_empty());
        return Ok(key);
    };
    let key = fs::read_to_string(path)
        .map_err(|error| Expected::usage(format!("API key file `{}`: {error}", path.display())))?;
    Ok(Some(key.trim().to_owned()))
}
