//! Which chunks of a stream have usage, and whether a stream says what a whole answer says.

use serde_json::{Value, json};

use super::{
    super::{MutantSetting, edit::Edit, part::Part, table::Row},
    add_with_total, choice_index, on_usage, remove, row,
};

pub(super) const ROWS: &[Row] = &[
    row(
        "include-usage-ignored",
        "stream_options is ignored, so that no stream has usage",
        Some("#6371"),
        &[Edit::Request(|_, body| remove(body, "stream_options"))],
    ),
    row(
        "usage-on-every-chunk",
        "include_usage brings usage on every chunk",
        Some("#7262"),
        &[Edit::Request(|_, body| {
            if body["stream_options"]["include_usage"] == true {
                body["stream_options"]["continuous_usage_stats"] = true.into();
            }
        })],
    ),
    row(
        "usage-unasked",
        "a stream has usage although nobody asked",
        None,
        &[Edit::Request(|scene, body| {
            if scene.streams() && scene.completes() && scene.asks("stream_options").is_none() {
                body["stream_options"] = json!({"include_usage": true});
            }
        })],
    ),
    row(
        "empty-options-usage",
        "`stream_options: {}` brings usage",
        Some("#36379"),
        &[Edit::Request(|scene, body| {
            if scene.streams() && body["stream_options"] == json!({}) {
                body["stream_options"] = json!({"include_usage": true});
            }
        })],
    )
    .on("0.32.0"),
    row(
        "force-not-continuous",
        "--enable-force-include-usage brings the final usage only",
        Some("#37923"),
        &[Edit::Json(|scene, value| {
            if choice_index(scene, value).is_some() {
                remove(value, "usage");
            }
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::ForceIncludeUsage),
    row(
        "force-chat-only",
        "--enable-force-include-usage has no effect on completions",
        Some("#19695, #20983"),
        &[Edit::Pieces(|scene, mut part, out| {
            if !scene.path.ends_with("/chat/completions") && scene.asks("stream_options").is_none() {
                if part.is_closing() {
                    return;
                }
                if scene.streams()
                    && let Some(value) = part.json()
                {
                    remove(value, "usage");
                }
            }
            out.push(part);
        })],
    )
    .on("0.32.0")
    .with(MutantSetting::ForceIncludeUsage),
    row(
        "usage-chunk-dropped",
        "the usage chunk is dropped on the way",
        Some("litellm #25410, #41849"),
        &[Edit::Pieces(|_, part, out| {
            if !part.is_closing() {
                out.push(part);
            }
        })],
    ),
    row(
        "usage-chunk-twice",
        "the usage chunk is sent twice",
        None,
        &[Edit::Pieces(|_, part, out| {
            if part.is_closing() {
                out.push(part.clone());
            }
            out.push(part);
        })],
    ),
    row(
        "usage-chunk-late",
        "the usage chunk comes after [DONE]",
        None,
        &[Edit::Pieces(|scene, part, out| {
            if part.is_closing() {
                scene.held = Some(part);
            } else {
                out.push(part);
            }
        })],
    ),
    row(
        "usage-chunk-early",
        "the usage chunk comes before the chunk that ends the choice",
        None,
        &[Edit::Pieces(|scene, part, out| {
            if part.is_finishing() {
                out.extend(scene.held.replace(part));
                return;
            }
            if part.is_closing() {
                out.push(part);
                out.extend(scene.held.take());
                return;
            }
            out.extend(scene.held.take());
            out.push(part);
        })],
    ),
    row(
        "usage-on-finish",
        "the usage stands on the chunk that ends the choice, and no chunk of its own follows",
        Some("Dynamo's own shape"),
        &[Edit::Pieces(|scene, part, out| {
            if part.is_finishing() {
                out.extend(scene.held.replace(part));
                return;
            }
            match (part, scene.held.take()) {
                (Part::Event { data, .. }, Some(Part::Event { name, data: mut end }))
                    if data["choices"].as_array().is_some_and(Vec::is_empty) =>
                {
                    end["usage"] = data["usage"].clone();
                    out.push(Part::Event { name, data: end });
                }
                (part, held) => {
                    out.extend(held);
                    out.push(part);
                }
            }
        })],
    ),
    row(
        "usage-after-error",
        "a stream that fails ends with usage all the same",
        None,
        &[Edit::Pieces(|scene, part, out| {
            let failed = matches!(&part, Part::Event { data, .. } if data["error"].is_object());
            out.push(part);
            if failed && scene.completes() {
                let usage = json!({"prompt_tokens": 1, "total_tokens": 2, "completion_tokens": 1});
                out.push(Part::Event { name: None, data: json!({"choices": [], "usage": usage}) });
            }
        })],
    ),
    row(
        "usage-null-in-chat",
        "chunks of a chat have `usage: null` where nobody asked for counts",
        None,
        &[Edit::Json(|scene, value| {
            if choice_index(scene, value).is_some() && value.get("usage").is_none() {
                value["usage"] = Value::Null;
            }
        })],
    ),
    row(
        "stream-completion-minus-one",
        "the usage of a stream leaves one token out, that of a whole answer does not",
        Some("#8625"),
        &[Edit::Json(|scene, value| {
            if scene.streams() && choice_index(scene, value).is_none() {
                on_usage(value, |usage| add_with_total(usage, "completion_tokens", -1));
            }
        })],
    ),
    row(
        "stream-text-lost",
        "a stream loses the text of its last token",
        Some("#30204, #30099, #30866"),
        &[Edit::Pieces(|scene, mut part, out| {
            if part.is_finishing()
                && let Some(choice) = part.json().and_then(|value| value.pointer_mut("/choices/0"))
            {
                for text in ["/text", "/delta/content"] {
                    if let Some(text) = choice.pointer_mut(text).filter(|_| scene.streams()) {
                        *text = "".into();
                    }
                }
            }
            out.push(part);
        })],
    ),
    row(
        "stream-text-twice",
        "the second chunk of a stream comes twice",
        None,
        &[Edit::Pieces(|scene, part, out| {
            if scene.events == 1 && scene.completes() && matches!(part, Part::Event { .. }) && !part.is_finishing() {
                out.push(part.clone());
            }
            out.push(part);
        })],
    ),
];
