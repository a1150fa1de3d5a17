//! What `--text` asks for, as the fake's text models.

use std::{fs, path::Path, sync::Arc};

use rehearsal::fake::text::{Corpus, Echo, Filler, Fixed, TextModel};

use super::canned_file;
use crate::{args::Text, exit::Expected};

/// The text model; files are read now, so that a wrong one is known at the start.
pub(super) fn model(text: &Text) -> Result<Arc<dyn TextModel>, Expected> {
    Ok(match text {
        Text::Filler(None) => Arc::new(Filler::endless()),
        Text::Filler(Some(tokens)) => Arc::new(Filler::of_tokens(*tokens)),
        Text::Echo => Arc::new(Echo),
        Text::Fixed(text) => Arc::new(Fixed(text.clone())),
        Text::Corpus(path) => Arc::new(corpus(path)?),
        Text::Canned(path) => Arc::new(canned_file::read(path)?),
    })
}

fn corpus(path: &Path) -> Result<Corpus, Expected> {
    let unusable =
        |error: &dyn std::fmt::Display| Expected::usage(format!("--text corpus:{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| unusable(&error))?;
    Corpus::new(text).map_err(|error| unusable(&error))
}
