//! U-20 … U-39: `usage` of answers that stream.

mod continuous;
mod continuous_last;
mod continuous_long;
mod error_inside;
mod final_chunk;
mod final_details;
mod null_usage;
mod options;
mod options_unstreamed;
mod other_chunks;
mod same_counts;
mod same_text;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{call::overlaid, check::Check};

pub(super) const CHECKS: [Check; 20] = [
    final_chunk::CHECK,
    same_counts::CHECK,
    same_text::CHECK,
    options::NONE_WITHOUT_OPTIONS,
    null_usage::CHECK,
    options::EMPTY,
    options::INCLUDE_NULL,
    options::INCLUDE_STRING,
    final_details::CHECK,
    other_chunks::CHECK,
    continuous::CHECK,
    continuous_last::CHECK,
    continuous_long::CHECK,
    options::CONTINUOUS_ALONE,
    options::CONTINUOUS_NOT_INCLUDED,
    options::FORCED,
    options::FORCED_COMPLETIONS,
    options::FORCED_CONTINUOUS,
    options_unstreamed::CHECK,
    error_inside::CHECK,
];

/// A request for usage on every chunk, with what `over` adds.
pub(super) fn continuous(over: Value) -> Value {
    overlaid(over, &json!({"stream_options": {"include_usage": true, "continuous_usage_stats": true}}))
}

/// How the key `usage` stands in chunks: absent, null, or an object.
fn usage_states<'c>(chunks: impl Iterator<Item = &'c Value>) -> BTreeSet<&'static str> {
    let state = |chunk: &Value| match chunk.get("usage") {
        None => "absent",
        Some(Value::Null) => "null",
        Some(_) => "object",
    };
    chunks.map(state).collect()
}
