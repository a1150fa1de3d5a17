//! The compatibility table: read once from `compat.toml`, resolved for one version.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;

use super::{Features, Frontend, Release, Route, Shapes, VllmVersion, routes};

const COMPAT: &str = include_str!("compat.toml");

/// Why a version is not one that the fake can answer as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompatError {
    /// The text is not a release number.
    #[error("`{0}` is not a vLLM release: write it as `0.13.0`, or `0.32.0-rust` for the Rust frontend")]
    NotARelease(String),
    /// The table does not reach that release.
    #[error("vLLM {version} is outside the releases known here ({oldest} to {newest}): choose one of these")]
    OutOfRange {
        /// What was asked for.
        version: VllmVersion,
        /// The first release of the table.
        oldest: String,
        /// The last release of the table.
        newest: String,
    },
    /// The table has no value for a feature of that version; the Rust frontend exists since 0.22.1 only.
    #[error("vLLM {version} has no {feature}: the Rust frontend is known from 0.22.1 on")]
    NoCell {
        /// What was asked for.
        version: VllmVersion,
        /// The feature or shape without a value.
        feature: String,
    },
    /// The table lacks a name that the code asks for.
    #[error("compat.toml lacks `{0}`")]
    Missing(String),
    /// The table has a name that the code does not know.
    #[error("compat.toml has `{0}`, which no code asks for")]
    Unknown(String),
    /// The table is not well formed.
    #[error("compat.toml: {0}")]
    Malformed(String),
}

/// What one version does on the wire: the resolved column of the compatibility table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The version that this belongs to.
    pub version: VllmVersion,
    /// The features.
    pub features: Features,
    pub(crate) shapes: Shapes,
    pub(crate) routes: Vec<Route>,
}

impl Wire {
    /// Resolves the table for `version`.
    pub fn of(version: VllmVersion) -> Result<Self, CompatError> {
        let table = Table::embedded()?;
        if version.release < table.anchors.oldest.parse()? || table.anchors.newest.parse::<Release>()? < version.release
        {
            let Anchors { oldest, newest, .. } = table.anchors.clone();
            return Err(CompatError::OutOfRange { version, oldest, newest });
        }
        let mut features = toml::Table::new();
        for row in &table.features {
            features.insert(row.name.clone(), resolve(&row.name, &row.cells, version)?.value.clone());
        }
        let features =
            features.try_into().map_err(|error: toml::de::Error| CompatError::Malformed(error.to_string()))?;
        let mut shapes = BTreeMap::new();
        for row in &table.shapes {
            shapes.insert(row.name.clone(), resolve(&row.name, &row.cells, version)?.keys.clone());
        }
        Ok(Self { version, features, shapes: Shapes::new(shapes)?, routes: routes::of(version)? })
    }

    /// `system_fingerprint`, if this version sends one.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        let text = self.features.fingerprint.replace("{version}", &self.version.release.to_string());
        if text.is_empty() { None } else { Some(text) }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    anchors: Anchors,
    #[serde(rename = "feature")]
    features: Vec<Row<FeatureCell>>,
    #[serde(rename = "shape")]
    shapes: Vec<Row<ShapeCell>>,
}

impl Table {
    fn embedded() -> Result<&'static Self, CompatError> {
        static TABLE: OnceLock<Result<Table, CompatError>> = OnceLock::new();
        let parse = || toml::from_str(COMPAT).map_err(|error| CompatError::Malformed(error.to_string()));
        TABLE.get_or_init(parse).as_ref().map_err(Clone::clone)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Anchors {
    oldest: String,
    newest: String,
    #[expect(dead_code, reason = "documents the file; the replay tests name their servers themselves")]
    recorded: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<C> {
    name: String,
    cells: Vec<C>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureCell {
    from: String,
    frontend: Option<Frontend>,
    value: toml::Value,
    source: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShapeCell {
    from: String,
    frontend: Option<Frontend>,
    keys: String,
    source: String,
}

trait Cell {
    fn scope(&self) -> (&str, Option<Frontend>, &str);
}

impl Cell for FeatureCell {
    fn scope(&self) -> (&str, Option<Frontend>, &str) {
        (&self.from, self.frontend, &self.source)
    }
}

impl Cell for ShapeCell {
    fn scope(&self) -> (&str, Option<Frontend>, &str) {
        (&self.from, self.frontend, &self.source)
    }
}

/// The cell of the latest release that is not after `version`; of two of the same release the later line wins.
fn resolve<'a, C: Cell>(name: &str, cells: &'a [C], version: VllmVersion) -> Result<&'a C, CompatError> {
    let mut best: Option<(Release, &C)> = None;
    for cell in cells {
        let (from, frontend, source) = cell.scope();
        if source.trim().is_empty() {
            return Err(CompatError::Malformed(format!("`{name}` from {from} has no source")));
        }
        let from: Release = from.parse()?;
        let applies = from <= version.release && frontend.is_none_or(|frontend| frontend == version.frontend);
        if applies && best.is_none_or(|(release, _)| release <= from) {
            best = Some((from, cell));
        }
    }
    best.map(|(_, cell)| cell).ok_or_else(|| CompatError::NoCell { version, feature: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_of_the_range_resolves() {
        for minor in 9..=33 {
            for patch in [0, 2] {
                for (frontend, first) in [("", 10), ("-rust", 23)] {
                    if first <= minor {
                        let text = format!("0.{minor}.{}{frontend}", if minor == 33 { 0 } else { patch });
                        let version: VllmVersion = text.parse().unwrap();
                        assert_eq!(Wire::of(version).unwrap().version.to_string(), text);
                    }
                }
            }
        }
    }

    #[test]
    fn a_release_outside_the_table_is_refused_with_the_range() {
        let error = "0.5.0".parse::<VllmVersion>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "vLLM 0.5.0 is outside the releases known here (0.9.2 to 0.33.0): choose one of these"
        );
        assert!(matches!("0.13.0-rust".parse::<VllmVersion>(), Err(CompatError::NoCell { .. })));
        assert!(matches!("thirteen".parse::<VllmVersion>(), Err(CompatError::NotARelease(_))));
    }

    #[test]
    fn the_fingerprint_names_the_release() {
        let wire = |version: &str| Wire::of(version.parse().unwrap()).unwrap();
        assert_eq!(wire("0.13.0").fingerprint(), None);
        assert_eq!(wire("0.32.0").fingerprint().unwrap(), "vllm-0.32.0-354be8fe");
        assert_eq!(wire("0.32.0-rust").fingerprint(), None);
    }
}
