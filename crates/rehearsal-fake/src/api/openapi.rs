//! `GET /openapi.json`: what the fake accepts, as `OpenAPI` 3.1.
//!
//! The paths are those that this version serves with these settings; the schemas of their bodies are data, `openapi/schemas.json`. vLLM's own
//! document is ten times as long, because it describes every type of the `openai` package too.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Map, Value, json};

use super::{context::Context, error::json_response};
use crate::version::{Release, Route, RouteHandler};

const SCHEMAS: &str = include_str!("openapi/schemas.json");

pub(super) async fn document(State(context): State<Arc<Context>>) -> Response {
    json_response(StatusCode::OK, described(&context).to_string())
}

fn described(context: &Context) -> Value {
    let mut paths = Map::new();
    // a page that is mounted and FastAPI's own pages are no part of its document
    let own = [RouteHandler::Docs, RouteHandler::Openapi, RouteHandler::MetricsMount];
    let between_servers = [RouteHandler::GenerateTokens, RouteHandler::RenderChat, RouteHandler::RenderCompletions];
    let scales_out = context.check_scale_out().is_ok();
    for route in context.routes().filter(|route| !own.contains(&route.handler)) {
        if between_servers.contains(&route.handler) && !scales_out {
            continue;
        }
        let mut operations = Map::new();
        for method in route.methods.split(", ") {
            operations.insert(method.to_lowercase(), operation(route, method));
        }
        paths.insert(route.path.to_owned(), operations.into());
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "FastAPI", "version": "0.1.0"},
        "paths": paths,
        "components": {"schemas": schemas(context.wire.version.release())},
    })
}

fn operation(route: &Route, method: &str) -> Value {
    let name = route.path.trim_matches('/').replace(['/', '{', '}'], "_");
    let error = json!({"description": "Error", "content": {"application/json": {"schema": {}}}});
    let mut operation = json!({
        "operationId": format!("{name}_{}", method.to_lowercase()),
        "responses": {"200": {"description": "Successful Response"}, "default": error},
    });
    if let Some(content) = answer(route.handler) {
        operation["responses"]["200"]["content"] = content;
    }
    let names: Vec<&str> = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    if !names.is_empty() {
        let parameter =
            |name: &&str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        operation["parameters"] = names.iter().map(parameter).collect();
    }
    if let Some(schema) = body(route.handler) {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    operation
}

/// The media types of an answer.
fn answer(handler: RouteHandler) -> Option<Value> {
    let json = json!({"application/json": {"schema": {}}});
    let stream = json!({"application/json": {"schema": {}}, "text/event-stream": {"schema": {"type": "string"}}});
    match handler {
        RouteHandler::Chat | RouteHandler::Completions | RouteHandler::Invocations | RouteHandler::GenerateTokens => {
            Some(stream)
        }
        RouteHandler::Metrics => Some(json!({"text/plain": {"schema": {"type": "string"}}})),
        RouteHandler::Health
        | RouteHandler::Ping
        | RouteHandler::Sleep
        | RouteHandler::WakeUp
        | RouteHandler::ResetPrefixCache
        | RouteHandler::ResetMmCache
        | RouteHandler::ResetEncoderCache
        | RouteHandler::LoadLora
        | RouteHandler::UnloadLora => None,
        _ => Some(json),
    }
}

/// The schema of a request's body.
fn body(handler: RouteHandler) -> Option<&'static str> {
    Some(match handler {
        RouteHandler::Chat | RouteHandler::RenderChat => "ChatCompletionRequest",
        RouteHandler::Completions | RouteHandler::RenderCompletions => "CompletionRequest",
        RouteHandler::Invocations => "InvocationRequest",
        RouteHandler::GenerateTokens => "GenerateRequest",
        RouteHandler::Tokenize => "TokenizeRequest",
        RouteHandler::Detokenize => "DetokenizeRequest",
        RouteHandler::Embeddings => "EmbeddingRequest",
        RouteHandler::Pooling => "PoolingRequest",
        RouteHandler::Classify => "ClassificationRequest",
        RouteHandler::Score => "ScoreRequest",
        RouteHandler::Rerank => "RerankRequest",
        RouteHandler::LoadLora => "LoadLoRAAdapterRequest",
        RouteHandler::UnloadLora => "UnloadLoRAAdapterRequest",
        RouteHandler::ScaleElasticEp => "ScaleElasticEpRequest",
        RouteHandler::CollectiveRpc => "CollectiveRpcRequest",
        RouteHandler::AbortRequests => "AbortRequestsRequest",
        _ => return None,
    })
}

/// The schemas, without the properties that this release does not have: those marked with `x-from` or `x-until`.
fn schemas(release: Release) -> Value {
    let mut schemas: Value = serde_json::from_str(SCHEMAS).expect("a test reads the file");
    for schema in schemas.as_object_mut().into_iter().flat_map(Map::values_mut) {
        let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { continue };
        properties.retain(|_, property| has(property, release));
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            property.remove("x-from");
            property.remove("x-until");
        }
    }
    schemas
}

fn has(property: &Value, release: Release) -> bool {
    let bound = |key: &str| property.get(key)?.as_str()?.parse::<Release>().ok();
    bound("x-from").is_none_or(|from| from <= release) && bound("x-until").is_none_or(|until| release < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_come_and_go_with_the_release() {
        let has = |version: &str, key: &str| {
            let schemas = schemas(version.parse().unwrap());
            let properties = &schemas["ChatCompletionRequest"]["properties"];
            assert!(!properties.to_string().contains("x-from"));
            properties.get(key).is_some()
        };
        assert!(has("0.13.0", "messages"));
        assert!(has("0.9.2", "guided_json") && !has("0.13.0", "guided_json"));
        assert!(has("0.32.0", "stream_interval") && !has("0.13.0", "stream_interval"));
    }

    #[test]
    fn every_body_has_a_schema() {
        let schemas = schemas("0.13.0".parse().unwrap());
        for handler in [RouteHandler::Chat, RouteHandler::Completions, RouteHandler::Tokenize, RouteHandler::Rerank] {
            assert!(body(handler).is_some_and(|name| schemas.get(name).is_some()));
        }
    }
}
