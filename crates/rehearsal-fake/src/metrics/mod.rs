//! Prometheus text with vLLM's names, types, labels and buckets; its values come from the engine's events.
//!
//! Help texts and buckets are those of a recorded `/metrics` of vLLM 0.13.0. The series of Python's own runtime (`python_*`, `process_*`)
//! are left out: there is no Python here to measure.

mod engine;
mod families;
mod histogram;
mod http;
mod shared;
mod text;

pub(crate) use http::Answered;
pub(crate) use shared::Metrics;
