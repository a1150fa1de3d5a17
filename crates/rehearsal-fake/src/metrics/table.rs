//! Which families a version's page has: `families.toml`, read once and resolved for one release.

use std::sync::OnceLock;

use serde::Deserialize;

use super::{open_metrics::OpenTable, series::Series};
use crate::version::{CompatError, Frontend, Release, VllmVersion};

const FAMILIES: &str = include_str!("families.toml");

/// The `vllm:` families of one release, in the order of its page.
#[derive(Clone, Debug)]
pub(crate) struct FamilyTable {
    /// Whose page it is; the Rust frontend's families are in a table of their own.
    pub(super) frontend: Frontend,
    pub(super) open: &'static OpenTable,
    pub(super) families: Vec<&'static Family>,
    /// Labels of `vllm:cache_config_info`, one a line, with `{placeholders}`.
    pub(super) cache_config: &'static str,
}

impl FamilyTable {
    /// The families of `version`.
    pub(crate) fn of(version: VllmVersion) -> Result<Self, CompatError> {
        let table = table()?;
        let release = version.release();
        let mut families = Vec::new();
        for family in &table.families {
            let ended = family.until.as_deref().map(str::parse::<Release>).transpose()?;
            if family.from.parse::<Release>()? <= release && ended.is_none_or(|until| release < until) {
                families.push(family);
            }
        }
        let mut cache_config = "";
        for row in &table.cache_configs {
            if row.from.parse::<Release>()? <= release {
                cache_config = &row.labels;
            }
        }
        Ok(Self { frontend: version.frontend(), open: OpenTable::read()?, families, cache_config })
    }
}

/// One family of the page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    /// Without the `_total` of counters.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) value: Series,
    /// The label that tells the samples apart.
    pub(super) by: Option<String>,
    /// Its values, in the order of the page.
    #[serde(default)]
    pub(super) of: Vec<String>,
    #[serde(default)]
    pub(super) scope: Scope,
    from: String,
    until: Option<String>,
    pub(super) help: String,
    source: String,
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Gauge,
    Counter,
    Histogram,
}

/// Whose figures they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// One engine's: labelled with its number.
    #[default]
    Engine,
    /// The whole server's.
    Server,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "family")]
    families: Vec<Family>,
    #[serde(rename = "cache_config")]
    cache_configs: Vec<CacheConfigRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CacheConfigRow {
    from: String,
    labels: String,
    source: String,
}

fn table() -> Result<&'static Table, CompatError> {
    static TABLE: OnceLock<Result<Table, CompatError>> = OnceLock::new();
    let parse = || {
        let table: Table = toml::from_str(FAMILIES).map_err(|error| malformed(&error.to_string()))?;
        let families = table.families.iter().map(|row| (&row.name, &row.source));
        let sourceless = families.chain(table.cache_configs.iter().map(|row| (&row.from, &row.source)));
        match sourceless.into_iter().find(|(_, source)| source.trim().is_empty()) {
            Some((name, _)) => Err(malformed(&format!("`{name}` has no source"))),
            None => Ok(table),
        }
    };
    TABLE.get_or_init(parse).as_ref().map_err(Clone::clone)
}

fn malformed(problem: &str) -> CompatError {
    CompatError::Malformed(format!("metrics/families.toml: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, name: &str, expect: usize) {
        let table = FamilyTable::of(version.parse().unwrap()).unwrap();
        let count = table.families.iter().filter(|family| family.name == name).count();
        assert_eq!(count, expect, "{name} in {version}");
    }

    #[test]
    fn families_come_and_go_with_their_releases() {
        check("0.11.0", "vllm:gpu_cache_usage_perc", 1);
        check("0.12.0", "vllm:gpu_cache_usage_perc", 0);
        check("0.15.1", "vllm:prompt_tokens_by_source", 0);
        check("0.19.1", "vllm:prompt_tokens_by_source", 1);
        check("0.31.0", "vllm:admission_rejections", 0);
        check("0.32.0", "vllm:admission_rejections", 1);
    }

    #[test]
    fn no_release_has_a_family_twice() {
        for minor in 10..=33 {
            let table = FamilyTable::of(format!("0.{minor}.0").parse().unwrap()).unwrap();
            let mut names: Vec<&str> = table.families.iter().map(|family| family.name.as_str()).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "0.{minor}.0");
        }
    }
}
