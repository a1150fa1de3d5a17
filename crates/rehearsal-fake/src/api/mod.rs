//! api
mod body;
mod error;
mod fields;
mod limits;
mod object;
mod options;
mod python;
mod sampling;
mod usage_json;
mod validation;
pub use options::*;
