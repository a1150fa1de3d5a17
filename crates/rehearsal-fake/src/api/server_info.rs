//! `GET /server_info` and `GET /get_world_size`: the server's configuration, as far as it has one here.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    context::Context,
    error::{ApiError, json_response},
    object::shaped,
    python::str_repr,
    query::Query,
};
use crate::version::ShapeName;

pub(super) async fn show(State(context): State<Arc<Context>>, uri: Uri) -> Response {
    match info(&context, &uri) {
        Ok(info) => json_response(StatusCode::OK, info.to_string()),
        Err(error) => error.response(context.features()),
    }
}

/// One process computes here.
pub(super) async fn world_size() -> Response {
    json_response(StatusCode::OK, json!({"world_size": 1}).to_string())
}

/// vLLM's configuration has some two hundred entries; these are the ones that mean something for the fake.
fn info(context: &Context, uri: &Uri) -> Result<Value, ApiError> {
    let query = Query::new(context.features(), uri);
    let app = &context.app;
    let (model, served) = (&app.frontend.model_root, app.frontend.model_name());
    let config = if query.choice("config_format", &["text", "json"])? == "json" {
        json!({
            "model_config": {"model": model, "served_model_name": served, "max_model_len": app.max_model_len, "seed": app.seed},
            "parallel_config": {"tensor_parallel_size": 1, "pipeline_parallel_size": 1, "data_parallel_size": 1},
        })
    } else {
        let name = str_repr(model);
        let (length, seed) = (app.max_model_len, app.seed);
        format!(
            "model={name}, speculative_config=None, tokenizer={name}, skip_tokenizer_init=False, tokenizer_mode=auto, revision=None, \
             tokenizer_revision=None, trust_remote_code=False, max_seq_len={length}, load_format=auto, tensor_parallel_size=1, \
             pipeline_parallel_size=1, data_parallel_size=1, seed={seed}, served_model_name={served}, enable_chunked_prefill=True"
        )
        .into()
    };
    let values = [("vllm_config", config), ("vllm_env", json!({})), ("system_env", json!({}))];
    Ok(shaped(&context.wire, ShapeName::ServerInfo, values))
}
