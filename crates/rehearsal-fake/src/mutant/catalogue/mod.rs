//! The mutants, by the part of an answer that is wrong.

mod choices;
mod continuous;
mod counts;
mod framing;
mod limits;
mod metrics;
mod other_endpoints;
mod refusals;
mod stops;
mod streams;

use serde_json::Value;

use super::{MutantSetting, edit::Edit, scene::Scene, table::Row};

/// Every family, in the order in which they are listed.
pub(super) const FAMILIES: &[&[Row]] = &[
    counts::ROWS,
    stops::ROWS,
    choices::ROWS,
    streams::ROWS,
    continuous::ROWS,
    framing::ROWS,
    limits::ROWS,
    refusals::ROWS,
    metrics::ROWS,
    other_endpoints::ROWS,
];

/// Most rows: a fault of 0.13.0 without flags.
const fn row(id: &'static str, fault: &'static str, upstream: Option<&'static str>, edits: &'static [Edit]) -> Row {
    Row { id, fault, upstream, version: "0.13.0", setting: MutantSetting::Plain, edits }
}

impl Row {
    /// The same on a server of another version.
    const fn on(self, version: &'static str) -> Self {
        Self { version, ..self }
    }

    /// The same on a server with flags.
    const fn with(self, setting: MutantSetting) -> Self {
        Self { setting, ..self }
    }
}

/// `usage` of a completion's answer or chunk, where there is one.
fn usage(value: &mut Value) -> Option<&mut Value> {
    value.get_mut("usage").filter(|usage| usage.is_object())
}

/// Changes it.
fn on_usage(value: &mut Value, change: impl FnOnce(&mut Value)) {
    if let Some(usage) = usage(value) {
        change(usage);
    }
}

/// The same of a whole answer or a closing chunk only.
fn final_usage<'a>(scene: &Scene, value: &'a mut Value) -> Option<&'a mut Value> {
    if choice_index(scene, value).is_some() { None } else { usage(value) }
}

/// The same of a stream's chunk with a choice only, and the choice's index.
fn running_usage<'a>(scene: &Scene, value: &'a mut Value) -> Option<(u64, &'a mut Value)> {
    let index = choice_index(scene, value)?;
    Some((index, usage(value)?))
}

/// The index of the choice in a stream's chunk.
fn choice_index(scene: &Scene, value: &Value) -> Option<u64> {
    value["choices"][0]["index"].as_u64().filter(|_| scene.streams())
}

/// The choices of a whole answer or of a chunk.
fn choices(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten()
}

/// Takes a member out of an object.
fn remove(value: &mut Value, key: &str) {
    if let Some(object) = value.as_object_mut() {
        object.shift_remove(key);
    }
}

/// Adds to a count.
fn add(usage: &mut Value, key: &str, by: i64) {
    if let Some(count) = usage[key].as_i64() {
        usage[key] = count.saturating_add(by).max(0).into();
    }
}

/// Adds to a count and to the total, as whoever counts wrongly and sums rightly does.
fn add_with_total(usage: &mut Value, key: &str, by: i64) {
    add(usage, key, by);
    add(usage, "total_tokens", by);
}

/// Sets a count, and the total to the sum.
fn set_with_total(usage: &mut Value, key: &str, to: u64) {
    usage[key] = to.into();
    let count = |key: &str| usage[key].as_u64().unwrap_or(0);
    usage["total_tokens"] = (count("prompt_tokens") + count("completion_tokens")).into();
}
