//! `GET /v1/models`.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{context::Context, error::json_response, object::shaped};
use crate::version::ShapeName;

pub(super) async fn list(State(context): State<Arc<Context>>) -> Response {
    let models: Vec<Value> = context.app.frontend.served_model_names.iter().map(|name| model(&context, name)).collect();
    json_response(StatusCode::OK, json!({"object": "list", "data": models}).to_string())
}

fn model(context: &Context, name: &str) -> Value {
    let created = context.app.clock.unix_seconds();
    let permission = json!([{
        "id": format!("modelperm-{}", context.new_id()),
        "object": "model_permission",
        "created": created,
        "allow_create_engine": false,
        "allow_sampling": true,
        "allow_logprobs": true,
        "allow_search_indices": false,
        "allow_view": true,
        "allow_fine_tuning": false,
        "organization": "*",
        "group": null,
        "is_blocking": false,
    }]);
    shaped(
        &context.wire,
        ShapeName::Model,
        [
            ("id", name.into()),
            ("object", "model".into()),
            ("created", created.into()),
            ("owned_by", context.features().owned_by.as_str().into()),
            ("root", context.app.frontend.model_root.as_str().into()),
            ("max_model_len", context.app.max_model_len.into()),
            ("permission", permission),
        ],
    )
}
