//! What a command line gave, flag by flag.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{json_pieces, table::Flag};

/// The flags that were given, each with what it came to: of several the last wins, as with vLLM.
#[derive(Debug, Default)]
pub(super) struct Given {
    flags: BTreeMap<String, Setting>,
}

/// What a flag came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setting {
    /// On or off.
    Switch(bool),
    /// Its values; none for a flag that may go without.
    Values(Vec<String>),
    /// JSON in pieces.
    Pieces(Map<String, Value>),
}

impl Given {
    /// A switch.
    pub(super) fn switch(&mut self, flag: &Flag, on: bool) {
        self.flags.insert(flag.name.clone(), Setting::Switch(on));
    }

    /// Values, checked against the flag's choices.
    pub(super) fn values(&mut self, flag: &Flag, values: Vec<String>, choices: &[String]) -> Result<(), String> {
        if let Some(wrong) = values.iter().find(|value| !choices.is_empty() && !choices.contains(value)) {
            let (name, choices) = (&flag.name, choices.join(", "));
            return Err(format!("`--{name} {wrong}`: no such choice; there are {choices}"));
        }
        if flag.is_json
            && let Some(text) = values.iter().find(|value| serde_json::from_str::<Value>(value).is_err())
        {
            let name = &flag.name;
            return Err(format!("`--{name} {text}` is not JSON; write --{name} '{{\"key\": 1}}' or --{name}.key 1"));
        }
        self.flags.insert(flag.name.clone(), Setting::Values(values));
        Ok(())
    }

    /// A piece of a JSON object. Pieces take the place of a whole object, wherever it stood.
    pub(super) fn piece(&mut self, flag: &Flag, path: &str, value: &str) -> Result<(), String> {
        let setting = self.flags.entry(flag.name.clone()).or_insert_with(|| Setting::Pieces(Map::new()));
        if !matches!(setting, Setting::Pieces(_)) {
            *setting = Setting::Pieces(Map::new());
        }
        match setting {
            Setting::Pieces(object) => json_pieces::put(object, path, value),
            Setting::Switch(_) | Setting::Values(_) => Ok(()),
        }
        .map_err(|error| format!("`--{}.{path}`: {error}", flag.name))
    }

    /// The flags by name.
    pub(super) fn into_flags(self) -> BTreeMap<String, Setting> {
        self.flags
    }
}

impl Setting {
    /// Its values, in a form that takes one word each.
    pub(super) fn words(self) -> Vec<String> {
        match self {
            Self::Switch(_) => Vec::new(),
            Self::Values(values) => values,
            Self::Pieces(object) => vec![Value::Object(object).to_string()],
        }
    }
}
