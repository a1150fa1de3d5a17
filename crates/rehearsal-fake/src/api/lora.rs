//! `POST /v1/load_lora_adapter` and `POST /v1/unload_lora_adapter`: adapters that come and go while the server runs.
//!
//! After `vllm/entrypoints/openai/serving_models.py`. The path of an adapter is not looked at: there is nothing here that would load it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use serde_json::{Map, Value};

use super::{
    context::Context,
    error::ApiError,
    fields::Fields,
    options::LoraModule,
    validation::{Handler, Problem, invalid},
};

/// The lines are those of the decorators in 0.13.0's `vllm/entrypoints/serve/lora/api_router.py`; nobody compares them.
const LOAD: Handler = Handler { path: "/v1/load_lora_adapter", function: "load_lora_adapter", line: 1 };
const UNLOAD: Handler = Handler { path: "/v1/unload_lora_adapter", function: "unload_lora_adapter", line: 1 };

/// The adapters that are loaded: path by name.
#[derive(Debug, Default)]
pub(super) struct Adapters(Mutex<BTreeMap<String, String>>);

impl Adapters {
    /// The adapters that are there from the start.
    pub(super) fn of(modules: &[LoraModule]) -> Self {
        let paths = modules.iter().map(|module| (module.name.clone(), module.path.clone()));
        Self(Mutex::new(paths.collect()))
    }

    /// Whether an adapter of that name is loaded.
    pub(super) fn serve(&self, name: &str) -> bool {
        self.held().contains_key(name)
    }

    /// Where the adapter of that name lies.
    pub(super) fn path(&self, name: &str) -> Option<String> {
        self.held().get(name).cloned()
    }

    /// Name and path of each.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.held().iter().map(|(name, path)| (name.clone(), path.clone())).collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn load(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(&context, context.read(&headers, body, LOAD).await.and_then(|body| loaded(&context, &body)))
}

pub(super) async fn unload(State(context): State<Arc<Context>>, headers: HeaderMap, body: Body) -> Response {
    respond(&context, context.read(&headers, body, UNLOAD).await.and_then(|body| unloaded(&context, &body)))
}

/// A success is plain text without a content type.
fn respond(context: &Context, outcome: Result<String, ApiError>) -> Response {
    match outcome {
        Ok(text) => Response::new(Body::from(text)),
        Err(error) => error.response(context.features()),
    }
}

fn loaded(context: &Context, body: &Map<String, Value>) -> Result<String, ApiError> {
    let [name, path] = texts(context, body, LOAD, ["lora_name", "lora_path"])?;
    if name.is_empty() || path.is_empty() {
        return Err(ApiError::invalid_input("Both 'lora_name' and 'lora_path' must be provided."));
    }
    let in_place = body.get("load_inplace") == Some(&Value::Bool(true));
    let mut adapters = context.adapters.held();
    if adapters.contains_key(&name) && !in_place {
        return Err(ApiError::invalid_input(format!("The lora adapter '{name}' has already been loaded.")));
    }
    adapters.insert(name.clone(), path);
    Ok(format!("Success: LoRA adapter '{name}' added successfully."))
}

fn unloaded(context: &Context, body: &Map<String, Value>) -> Result<String, ApiError> {
    let [name] = texts(context, body, UNLOAD, ["lora_name"])?;
    if name.is_empty() {
        return Err(ApiError::invalid_input("'lora_name' needs to be provided to unload a LoRA adapter."));
    }
    match context.adapters.held().remove(&name) {
        Some(_) => Ok(format!("Success: LoRA adapter '{name}' removed successfully.")),
        None => Err(ApiError::not_found(format!("The lora adapter '{name}' cannot be found."))),
    }
}

/// Required strings.
fn texts<const N: usize>(
    context: &Context,
    body: &Map<String, Value>,
    handler: Handler,
    keys: [&str; N],
) -> Result<[String; N], ApiError> {
    let mut fields = Fields::new(body, context.features().coercion);
    let texts = keys.map(|key| {
        if !body.contains_key(key) {
            fields.problem(Problem::missing(key, &Value::Object(body.clone())));
        }
        fields.string(key).unwrap_or_default().to_owned()
    });
    let problems = fields.into_problems();
    if problems.is_empty() { Ok(texts) } else { Err(invalid(context.features(), handler, &problems)) }
}
