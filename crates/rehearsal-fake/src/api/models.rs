//! `GET /v1/models`.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{context::Context, error::json_response, object::shaped};
use crate::version::ShapeName;

pub(super) async fn list(State(context): State<Arc<Context>>) -> Response {
    let frontend = &context.app.frontend;
    let base = |name: &String| {
        let card =
            Card { name, root: &frontend.model_root, parent: None, max_model_len: Some(context.app.max_model_len) };
        card.json(&context)
    };
    let mut models: Vec<Value> = frontend.served_model_names.iter().map(base).collect();
    for (name, path) in context.adapters.all() {
        let card = Card { name: &name, root: &path, parent: Some(frontend.model_name()), max_model_len: None };
        models.push(card.json(&context));
    }
    json_response(StatusCode::OK, json!({"object": "list", "data": models}).to_string())
}

/// A model or an adapter of it.
struct Card<'a> {
    name: &'a str,
    root: &'a str,
    parent: Option<&'a str>,
    max_model_len: Option<u32>,
}

impl Card<'_> {
    fn json(&self, context: &Context) -> Value {
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
                ("id", self.name.into()),
                ("object", "model".into()),
                ("created", created.into()),
                ("owned_by", context.features().owned_by.as_str().into()),
                ("root", self.root.into()),
                ("parent", self.parent.into()),
                ("max_model_len", self.max_model_len.into()),
                ("permission", permission),
            ],
        )
    }
}
