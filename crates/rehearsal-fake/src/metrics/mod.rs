//! Prometheus text with vLLM's names, types, labels and buckets; its values come from the engine's events.
//!
//! Which families there are, their order, help texts and labels is data: `families.toml`, one row a family, each with its releases and its
//! source. Buckets are those of recorded pages of vLLM 0.13.0 and 0.32.0.

mod engine;
mod families;
mod histogram;
mod http;
mod open_metrics;
mod parsers;
mod process;
mod series;
mod shared;
mod table;
mod text;

pub(crate) use http::Answered;
pub(crate) use parsers::ParserMode;
pub(crate) use shared::{CacheConfig, Metrics, ServedModel};
pub(crate) use table::FamilyTable;
