//! `stop`: one string or several.

use serde::{Deserialize, Serialize};

use super::violations::Violations;

/// The most stop strings of a request.
const MOST: usize = 4;

/// A string, or a list of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum StringOrArray {
    String(String),
    Array(Vec<String>),
}

impl StringOrArray {
    /// The strings.
    pub(super) fn to_vec(&self) -> Vec<String> {
        match self {
            Self::String(text) => vec![text.clone()],
            Self::Array(texts) => texts.clone(),
        }
    }

    /// No empty strings, and not too many.
    pub(super) fn check(&self, rules: &mut Violations) {
        let texts = self.to_vec();
        if MOST < texts.len() {
            rules.custom("stop", self, &format!("stop strings must contain at most {MOST} items"));
        } else if texts.iter().any(String::is_empty) {
            rules.custom("stop", self, "stop strings cannot be empty");
        }
    }
}
