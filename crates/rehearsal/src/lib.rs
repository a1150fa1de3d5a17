//! Rehearse a vLLM deployment before renting the GPUs: one dependency that brings the libraries.

pub use rehearsal_conformance as conformance;
pub use rehearsal_load as load;
