//! Where a mutant stands: around the whole server.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header::CONTENT_LENGTH},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use serde_json::Value;

use super::{Mutant, answer, edit::Edit, scene::Scene};

/// The server with the fault.
pub(crate) fn wrap(server: Router, mutant: Mutant, max_body_bytes: usize) -> Router {
    let layer = Arc::new(Layer { mutant, max_body_bytes, turn: AtomicU64::new(0) });
    server.layer(from_fn_with_state(layer, around))
}

struct Layer {
    mutant: Mutant,
    max_body_bytes: usize,
    turn: AtomicU64,
}

async fn around(State(layer): State<Arc<Layer>>, request: Request, next: Next) -> Response {
    let edits = layer.mutant.0.edits;
    let (mut head, body) = request.into_parts();
    // a body beyond the limit, or one that breaks off, is refused by the route, which then sees it empty
    let mut bytes = to_bytes(body, layer.max_body_bytes).await.unwrap_or_default();
    let asked: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let scene = Scene {
        path: head.uri.path().to_owned(),
        turn: layer.turn.fetch_add(1, Ordering::Relaxed),
        status: StatusCode::OK,
        counts: BTreeMap::new(),
        ends: 0,
        events: 0,
        held: None,
        asked,
    };
    let mut changed = scene.asked.clone();
    for edit in edits {
        if let Edit::Request(change) = edit
            && changed.is_object()
        {
            change(&scene, &mut changed);
        }
    }
    if changed != scene.asked {
        bytes = changed.to_string().into();
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    }
    let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
    answer::spoil(response, edits, scene).await
}
