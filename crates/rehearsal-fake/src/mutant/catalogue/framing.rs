//! The form of a stream: its end, its ids, its roles.

use axum::http::{HeaderValue, header::CONTENT_TYPE};
use serde_json::{Value, json};

use super::{
    super::{edit::Edit, part::Part, table::Row},
    choice_index, choices, remove, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "done-missing",
        "a stream ends without [DONE]",
        None,
        &[Edit::Pieces(|_, part, out| {
            if part != Part::Done {
                out.push(part);
            }
        })],
    ),
    row(
        "done-twice",
        "[DONE] comes twice",
        None,
        &[Edit::Pieces(|_, part, out| {
            if part == Part::Done {
                out.push(Part::Done);
            }
            out.push(part);
        })],
    ),
    row(
        "stream-type",
        "a stream is called application/json",
        None,
        &[Edit::Head(|_, head| {
            if head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream")) {
                head.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
        })],
    ),
    row(
        "id-changes",
        "each chunk of a stream has an id of its own",
        None,
        &[Edit::Json(|scene, value| {
            if let Some(id) = value["id"].as_str().filter(|_| scene.streams()) {
                value["id"] = format!("{id}-{}", scene.events).into();
            }
        })],
    ),
    row(
        "created-changes",
        "`created` is the time of the chunk, not of the answer",
        None,
        &[Edit::Json(|scene, value| {
            if let Some(created) = value["created"].as_u64().filter(|_| scene.streams()) {
                value["created"] = (created + scene.events).into();
            }
        })],
    ),
    row(
        "object-of-whole",
        "chunks of a chat are called chat.completion",
        None,
        &[Edit::Json(|_, value| {
            if value["object"] == "chat.completion.chunk" {
                value["object"] = "chat.completion".into();
            }
        })],
    ),
    row(
        "role-missing",
        "no chunk of a chat says the role",
        None,
        &[Edit::Json(|scene, value| {
            if choice_index(scene, value).is_some()
                && let Some(delta) = value.pointer_mut("/choices/0/delta")
            {
                remove(delta, "role");
            }
        })],
    ),
    row(
        "role-repeated",
        "every chunk of a chat says the role",
        None,
        &[Edit::Json(|scene, value| {
            if choice_index(scene, value).is_some()
                && let Some(delta) = value.pointer_mut("/choices/0/delta").filter(|delta| delta.is_object())
            {
                delta["role"] = json!("assistant");
            }
        })],
    ),
    row(
        "finish-twice",
        "the chunk that ends a choice comes twice",
        None,
        &[Edit::Pieces(|_, part, out| {
            if part.is_finishing() {
                out.push(part.clone());
            }
            out.push(part);
        })],
    ),
    row(
        "finish-early",
        "every chunk has a finish_reason",
        None,
        &[Edit::Json(|scene, value| {
            if choice_index(scene, value).is_some() && value["choices"][0]["finish_reason"].is_null() {
                value["choices"][0]["finish_reason"] = json!("stop");
            }
        })],
    ),
    row(
        "ids-behind",
        "token_ids leaves the last id out",
        None,
        &[Edit::Json(|_, value| {
            for choice in choices(value) {
                choice.get_mut("token_ids").and_then(Value::as_array_mut).and_then(Vec::pop);
            }
        })],
    ),
    row(
        "logprobs-behind",
        "the last token has no entry among the log probabilities",
        None,
        &[Edit::Json(|_, value| {
            for choice in choices(value) {
                for entries in ["/logprobs/content", "/logprobs/tokens"] {
                    choice.pointer_mut(entries).and_then(Value::as_array_mut).and_then(Vec::pop);
                }
            }
        })],
    ),
];
