//! `metrics`: how long a request took (`--enable-per-request-metrics`), by the engine's own account.

use serde_json::Value;

use super::{context::Context, generation::Generation, object::shaped, options::PerRequestMetrics, usage_json::Place};
use crate::{engine::Nanos, version::ShapeName};

/// The object for a whole answer or a stream's last chunk; null without the flag, and for several choices, whose times cannot be told of
/// one (`entrypoints/generate/base/serving.py`, `build_per_request_timing_metrics`).
pub(super) fn request_metrics(context: &Context, place: Place, generation: &Generation) -> Value {
    let ([choice], PerRequestMetrics::Told) = (generation.choices.as_slice(), context.app.frontend.per_request_metrics)
    else {
        return Value::Null;
    };
    let Some(finish) = choice.finish else { return Value::Null };
    let span = |from: Option<Nanos>, to: Option<Nanos>| Some(to?.saturating_sub(from?).as_millis_f64());
    let (scheduled, first, last) = (finish.scheduled_at, finish.first_token_at, choice.last_token_at);
    let tokens = finish.completion_tokens;
    let decode = span(first, last);
    let inference = span(scheduled, last).filter(|inference| 0.0 < *inference);
    let name = match place {
        Place::Whole => ShapeName::RequestMetrics,
        _ => ShapeName::StreamRequestMetrics,
    };
    shaped(
        &context.wire,
        name,
        [
            ("time_to_first_token_ms", span(scheduled, first).into()),
            ("generation_time_ms", decode.into()),
            ("queue_time_ms", span(Some(finish.queued_at), scheduled).into()),
            ("mean_itl_ms", decode.filter(|_| 1 < tokens).map(|decode| decode / f64::from(tokens - 1)).into()),
            ("tokens_per_second", inference.map(|inference| f64::from(tokens) / inference * 1000.0).into()),
        ],
    )
}

/// Puts the object into the chunk of that shape that has the final usage, in versions that have it there: it is the last key.
pub(super) fn insert_metrics(context: &Context, shape: ShapeName, chunk: &mut Value, generation: &Generation) {
    let metrics = request_metrics(context, Place::Last, generation);
    let has_place = context.wire.shapes.get(shape).slots.iter().any(|slot| slot.key == "metrics");
    if let Some(object) = chunk.as_object_mut().filter(|_| has_place && !metrics.is_null()) {
        object.insert("metrics".to_owned(), metrics);
    }
}
