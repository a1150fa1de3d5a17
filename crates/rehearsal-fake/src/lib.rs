//! rehearsal-fake

pub mod engine;
pub mod profile;
