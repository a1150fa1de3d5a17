//! Which paths a version serves: `routes.toml`, read once and resolved for one version.

use std::sync::OnceLock;

use serde::Deserialize;

use super::{CompatError, Frontend, Release, VllmVersion};

const ROUTES: &str = include_str!("routes.toml");

/// A path that a version serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// The path, `{name}` standing for one segment.
    pub(crate) path: &'static str,
    /// The methods, as the `allow` header lists them.
    pub(crate) methods: &'static str,
    /// What answers.
    pub(crate) handler: RouteHandler,
    /// The setting without which it is not there.
    pub(crate) when: Option<RouteSetting>,
}

/// What answers a path; several paths may lead to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RouteHandler {
    Chat,
    Completions,
    Responses,
    RetrieveResponse,
    CancelResponse,
    Messages,
    CountTokens,
    Invocations,
    GenerateTokens,
    RenderChat,
    RenderCompletions,
    Tokenize,
    Detokenize,
    Embeddings,
    Pooling,
    Classify,
    Score,
    Rerank,
    Transcriptions,
    Translations,
    Models,
    LoadLora,
    UnloadLora,
    Health,
    Ping,
    Version,
    Load,
    Metrics,
    MetricsMount,
    Docs,
    Openapi,
    ScaleElasticEp,
    IsScalingElasticEp,
    Pause,
    Resume,
    IsPaused,
    Sleep,
    WakeUp,
    IsSleeping,
    ResetPrefixCache,
    ResetMmCache,
    ResetEncoderCache,
    ServerInfo,
    CollectiveRpc,
    AbortRequests,
    WorldSize,
}

/// A setting of the server that brings routes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RouteSetting {
    /// `VLLM_SERVER_DEV_MODE`.
    DevMode,
    /// `VLLM_ALLOW_RUNTIME_LORA_UPDATING`.
    RuntimeLora,
    /// No `--disable-fastapi-docs`.
    ApiDocs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "route")]
    routes: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    path: String,
    methods: String,
    handler: RouteHandler,
    from: String,
    until: Option<String>,
    frontend: Option<Frontend>,
    when: Option<RouteSetting>,
    source: String,
}

impl Row {
    fn serves(&self, version: VllmVersion) -> Result<bool, CompatError> {
        if self.source.trim().is_empty() {
            return Err(CompatError::Malformed(format!("`{}` from {} has no source", self.path, self.from)));
        }
        let from: Release = self.from.parse()?;
        let until: Option<Release> = self.until.as_deref().map(str::parse).transpose()?;
        let in_time = from <= version.release && until.is_none_or(|until| version.release < until);
        Ok(in_time && self.frontend.is_none_or(|frontend| frontend == version.frontend))
    }
}

/// The routes of that version, in the order of the file.
pub(super) fn of(version: VllmVersion) -> Result<Vec<Route>, CompatError> {
    static TABLE: OnceLock<Result<Table, CompatError>> = OnceLock::new();
    let parse = || toml::from_str(ROUTES).map_err(|error| CompatError::Malformed(format!("routes.toml: {error}")));
    let table = TABLE.get_or_init(parse).as_ref().map_err(Clone::clone)?;
    let mut routes = Vec::new();
    for row in &table.routes {
        if row.serves(version)? {
            routes.push(Route { path: &row.path, methods: &row.methods, handler: row.handler, when: row.when });
        }
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, path: &str, expect: Option<&str>) {
        let routes = of(version.parse().unwrap()).unwrap();
        let found: Vec<&Route> = routes.iter().filter(|route| route.path == path).collect();
        assert!(found.len() < 2, "{version} serves {path} twice");
        assert_eq!(found.first().map(|route| route.methods), expect, "{version} {path}");
    }

    #[test]
    fn a_route_is_there_in_its_span_of_releases() {
        check("0.13.0", "/v1/embeddings", Some("POST"));
        check("0.32.0", "/v1/embeddings", None);
        check("0.13.0", "/abort_requests", None);
        check("0.32.0", "/abort_requests", Some("POST"));
        check("0.32.0-rust", "/ping", None);
    }

    #[test]
    fn no_version_serves_a_path_twice() {
        for version in ["0.9.2", "0.13.0", "0.19.1", "0.25.1", "0.32.0", "0.32.0-rust", "0.33.0"] {
            let routes = of(version.parse().unwrap()).unwrap();
            for route in &routes {
                check(version, route.path, Some(route.methods));
            }
        }
    }
}
